'use strict';
const cluster = require('cluster');

// Each message is what it was when it was sent, whatever happens to it afterwards, and all come in their order.
if (cluster.isPrimary) {
  cluster.setupPrimary({ serialization: 'advanced' });
  const worker = cluster.fork();
  const counter = { n: 0, bytes: Buffer.alloc(4), at: new Date(0), list: [], more: new Map() };
  let received = 0;
  let firsts;
  worker.on('online', () => {
    for (let n = 0; n < 300; n++) {
      counter.n = n;
      counter.bytes.writeUInt32LE(n);
      counter.at.setTime(n);
      if (n % 50 === 0) counter.list.push(n);
      counter.more.set(n % 3, n);
      worker.send(counter);
      worker.send(n % 2 === 0 ? { n } : { n, big: 'x'.repeat(n * 20), huge: BigInt(n) });
    }
    worker.send('end');
  });
  worker.on('message', (message) => {
    if (message === 'end') {
      console.log(received);
      worker.disconnect();
    } else {
      received++;
      if (received === 1) firsts = message;
      if (received % 60 < 2)
        console.log(message.n, message.at?.getTime(), message.list, message.more, message.big?.length);
      if (message.bytes && message.bytes.readUInt32LE() !== message.n) console.log('other bytes', message);
    }
  });
  worker.on('exit', (code) => console.log('exit', code, firsts.n, firsts.list));
} else {
  process.on('message', (message) => process.send(message));
}
