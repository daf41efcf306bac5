'use strict';
const cluster = require('cluster');
const { on, once } = require('events');

async function main() {
  const worker = cluster.fork();
  const [address] = await once(cluster, 'online').then(() => once(worker, 'listening'));
  console.log(address.addressType);
  let count = 0;
  worker.send('go');
  for await (const [message] of on(worker, 'message')) {
    console.log(message);
    if (++count === 3) break;
  }
  worker.disconnect();
  console.log(await once(worker, 'exit'));
}
if (cluster.isPrimary) {
  main();
} else {
  require('net').createServer().listen(0, '127.0.0.1');
  process.on('message', () => [1, 2, 3].forEach((value) => process.send(value)));
}
