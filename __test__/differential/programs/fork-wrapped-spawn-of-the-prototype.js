'use strict';
// Coverage tools wrap it, to have variables and arguments of theirs in each process.
const { ChildProcess, spawn: start } = require('child_process');

const { spawn } = ChildProcess.prototype;
ChildProcess.prototype.spawn = function (options) {
  console.log('spawn', options.file === process.execPath, options.args.length, options.stdio?.length);
  options.envPairs.push('INJECTED=yes');
  options.args.push('more');
  const result = Reflect.apply(spawn, this, [options]);
  console.log(result, typeof this.pid, Object.hasOwn(this, 'spawn'));
  return result;
};

const cluster = require('cluster');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('message', (message) => console.log(message));
  worker.on('exit', (code) => {
    console.log('exit', code);
    start(process.execPath, ['-e', 'process.exit(process.env.INJECTED === "yes" ? 7 : 1)']).on('exit', (code) =>
      console.log('another', code),
    );
  });
} else {
  process.send([process.env.INJECTED, process.argv.slice(2)], () => process.disconnect());
}
