// ours: listening
// ours: exit 0
'use strict';
const cluster = require('cluster');
const net = require('net');

// The built-in module can't speak to its worker then; this one does, and passes on what clients are recognised by.
if (cluster.isPrimary) {
  Object.prototype.toJSON = () => 'an object';
  if (cluster.native) cluster.setupPrimary({ scheduling: { policy: 'sticky', key: 'cookie:id' } });
  const worker = cluster.fork();
  worker.on('listening', () => {
    console.log('listening');
    worker.disconnect();
  });
  worker.on('exit', (code) => console.log('exit', code));
} else {
  net.createServer().listen(0, '127.0.0.1');
}
