'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  const { channel } = worker.process;
  console.log(typeof channel.fd, channel.constructor.name, channel.ref(), channel.unref(), channel.ref());
  worker.on('message', (message) => console.log(message));
  worker.on('exit', () => console.log(worker.process.channel, worker.process.connected));
} else {
  const { channel } = process;
  process.send(
    [
      typeof channel.fd,
      channel.constructor.name,
      typeof process._channel,
      typeof process._send,
      typeof process._disconnect,
    ],
    () => {
      process.once('disconnect', () => console.log('channel', process.channel, process.connected, typeof process.send));
      cluster.worker.disconnect();
    },
  );
}
