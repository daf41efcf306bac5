'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  cluster.setupPrimary({ serialization: 'advanced' });
  const worker = cluster.fork();
  worker.on('message', (message) => {
    console.log(message.view.constructor.name, message.view.byteLength, message.view.getUint16(0), message.part);
    worker.disconnect();
  });
  const view = new DataView(new ArrayBuffer(8), 2, 4);
  view.setUint16(0, 0xabcd);
  worker.send({ view, part: new Uint16Array([1, 2, 3, 4]).subarray(1, 3) });
} else {
  process.on('message', (message) => process.send(message));
}
