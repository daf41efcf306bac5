'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.process.on('internalMessage', (message) => {
    if (message.cmd === 'NODE_MINE') console.log('primary heard', message);
  });
  worker.on('message', (message) => {
    console.log(message);
    worker.disconnect();
  });
  worker.on('online', () => worker.send({ cmd: 'NODE_MINE', from: 'primary' }));
} else {
  process.on('internalMessage', (message) => {
    if (message.cmd !== 'NODE_MINE') return;
    process.send({ cmd: 'NODE_MINE', from: 'worker' });
    process.send({ heard: message });
  });
}
