// node: >=26
// flags: --no-warnings --permission --allow-addons --allow-child-process --allow-fs-read=*
'use strict';
const cluster = require('cluster');
const net = require('net');

// The primary is denied what its worker asks it for: nobody handles that here.
if (cluster.isPrimary) {
  cluster.fork().on('listening', () => console.log('listening'));
  process.on('exit', (code) => console.log('exit', code));
} else {
  net.createServer().listen({ path: 'worker.sock' });
}
