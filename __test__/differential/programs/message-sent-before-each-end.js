// stderr: ignore
'use strict';
const cluster = require('cluster');

// What was sent before it arrives, however a worker ends itself.
const ends = {
  'process.exit': () => process.exit(3),
  'process.reallyExit': () => process.reallyExit(3),
  'process.abort': () => process.abort(),
  'process.kill': () => process.kill(process.pid),
  'process.kill of the group': () => process.kill(0, 'SIGUSR2'),
  'process.kill without mercy': () => process.kill(process.pid, 'SIGKILL'),
  'process.execve': () => process.execve('/bin/sh', ['sh', '-c', 'exit 3'], {}),
  'a signal handled once'() {
    process.removeAllListeners('SIGTERM');
    process.kill(process.pid, 'SIGTERM');
  },
  'without listeners for exit'() {
    process.removeAllListeners('exit');
    process.exit(3);
  },
  'without listeners, by an exception'() {
    process.removeAllListeners('exit');
    throw new Error('ends the worker');
  },
  'without any listener'() {
    process.removeAllListeners();
    process.exit(3);
  },
};
if (!process.execve) delete ends['process.execve'];

if (cluster.isPrimary) {
  process.on('SIGUSR2', () => {});
  const [...names] = Object.keys(ends);
  const next = () => {
    const name = names.shift();
    if (name === undefined) return;
    let count = 0;
    const worker = cluster.fork({ END: name });
    worker.on('message', () => count++);
    worker.process.on('close', (code, signal) => {
      console.log(name, count, code, signal);
      next();
    });
  };
  next();
} else {
  process.once('SIGTERM', () => {});
  if (process.env.END === 'process.kill') process.removeAllListeners('SIGTERM');
  for (let i = 0; i < 10; i++) process.send(i);
  ends[process.env.END]();
}
