'use strict';
const cluster = require('cluster');
const http = require('http');

if (cluster.isPrimary) {
  cluster.setupPrimary({ serialization: 'advanced' });
  console.log(cluster.settings.serialization);
  const worker = cluster.fork();
  worker.on('listening', ({ port, addressType }) => {
    console.log(addressType);
    http.get({ port, host: '127.0.0.1', agent: false }, (response) => {
      response
        .setEncoding('utf8')
        .on('data', (text) => console.log(text))
        .on('end', () => worker.disconnect());
    });
  });
  worker.on('exit', (code) => console.log('exit', code, worker.exitedAfterDisconnect));
} else {
  http.createServer((request, response) => response.end('advanced')).listen(0, '127.0.0.1');
}
