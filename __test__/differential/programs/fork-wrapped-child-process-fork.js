'use strict';
// Reloaders and tracers wrap it before the program loads `cluster`.
const childProcess = require('child_process');

const { fork } = childProcess;
childProcess.fork = function (file, args, options) {
  console.log('fork', typeof file, args, Object.keys(options).sort());
  const env = { ...options.env, INJECTED: 'yes' };
  const child = Reflect.apply(fork, this, [file, [...args, 'more'], { ...options, env }]);
  console.log(child.connected, typeof child.pid, typeof child.send);
  child.on('message', (message) => console.log('wrapper hears', message));
  child.isWrapped = true;
  return child;
};

const cluster = require('cluster');

if (cluster.isPrimary) {
  cluster.setupPrimary({ args: ['one'] });
  const worker = cluster.fork({ NAME: 'value' });
  console.log(worker.process.isWrapped, worker.process.spawnargs.slice(-2));
  worker.on('message', (message) => console.log(message));
  worker.on('exit', (code) => console.log('exit', code));
} else {
  process.send([process.env.INJECTED, process.env.NAME, process.argv.slice(2)], () => process.disconnect());
}
