'use strict';
const cluster = require('cluster');

const messages = [
  { cmd: 'NODE_SOMETHING', value: 1 },
  { cmd: 'NODE_CLUSTER' },
  { cmd: 'NODE_CLUSTER', act: 'unknown' },
  { cmd: 'NODE_CLUSTER', ack: 12345 },
  { cmd: 'NODE_HANDLE_NACK_' },
  { cmd: 'node_lower' },
  { cmd: 'NODE' },
  { cmd: 5 },
  { cmd: 'my command' },
  { act: 'disconnect' },
  { ack: 0, seq: 0 },
];
if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('message', (message) => {
    if (message === 'ready') messages.forEach((value) => worker.send(value));
    else console.log('primary', message);
    if (message === 'end') worker.disconnect();
  });
  worker.process.on('internalMessage', (message) => {
    if (message.cmd === 'NODE_SOMETHING') console.log('internal', message);
  });
  worker.on('exit', (code) => console.log('exit', code));
} else {
  process.on('message', (message) => {
    process.send(message);
    if (message.ack === 0) {
      messages.forEach((value) => process.send(value));
      process.send('end');
    }
  });
  process.send('ready');
}
