'use strict';
const childProcess = require('child_process');

let isBroken = true;
const { fork } = childProcess;
childProcess.fork = function () {
  if (isBroken) throw new Error('not now');
  // A process of its own comes first.
  childProcess.spawn('true').on('exit', (code) => console.log('true', code));
  return Reflect.apply(fork, this, arguments);
};

const cluster = require('cluster');

if (cluster.isPrimary) {
  try {
    cluster.fork();
  } catch (error) {
    console.log(error.message, Object.keys(cluster.workers));
  }
  isBroken = false;
  const worker = cluster.fork();
  console.log(worker.id, Object.keys(cluster.workers));
  worker.on('exit', (code) => console.log('exit', code));
  worker.on('disconnect', () => console.log('disconnect'));
  worker.process.stdio.forEach((stream) => console.log(stream));
} else {
  setTimeout(() => process.disconnect(), 200);
}
