'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('message', (message) => {
    console.log(Object.keys(message), Object.hasOwn(message, '__proto__'), message.polluted, {}.polluted);
    worker.disconnect();
  });
  worker.send(JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":2}},"toString":3}'));
} else {
  process.on('message', (message) => process.send(message));
}
