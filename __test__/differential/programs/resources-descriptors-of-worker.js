'use strict';
const cluster = require('cluster');
const fs = require('fs');

// No socket or file of the primary leaks into the worker.
if (cluster.isPrimary) {
  const server = require('net')
    .createServer()
    .listen(0, '127.0.0.1', () => {
      const file = fs.openSync(__filename, 'r');
      const worker = cluster.fork();
      worker.on('message', (message) => {
        console.log(message);
        fs.closeSync(file);
        server.close();
      });
    });
} else {
  const links = fs.readdirSync('/proc/self/fd').map((fd) => {
    try {
      return fs.readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return '';
    }
  });
  process.send(
    links.filter((link) => link.includes('differential')),
    () => process.disconnect(),
  );
}
