'use strict';
const cluster = require('cluster');
const { ChildProcess } = require('child_process');
const path = require('path');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  const child = worker.process;
  console.log(child instanceof ChildProcess, child.constructor === ChildProcess, child.constructor.name);
  console.log(typeof child.pid, child.exitCode, child.signalCode, child.killed, child.connected);
  console.log(
    child.spawnfile === process.execPath,
    path.basename(child.spawnargs.at(-1)),
    child.spawnargs[0] === process.execPath,
  );
  for (const name of ['send', 'disconnect', 'kill', 'ref', 'unref', '_send', '_disconnect', '_handleQueue']) {
    console.log(name, typeof child[name]);
  }
  console.log(typeof child.channel, child.channel === child._channel);
  console.log(
    typeof child.channel.ref,
    typeof child.channel.unref,
    typeof child.channel.refCounted,
    typeof child.channel.unrefCounted,
  );
  console.log(typeof child[Symbol.dispose]);
  worker.on('exit', () => {
    console.log(child.channel, child.connected, child.exitCode, child.signalCode, typeof child.pid);
  });
} else {
  process.disconnect();
}
