// flags: --disable-proto=throw --disallow-code-generation-from-strings
'use strict';
const cluster = require('cluster');
const http = require('http');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('listening', ({ port }) =>
    http.get({ port, host: '127.0.0.1', agent: false }, (response) => {
      response
        .setEncoding('utf8')
        .on('data', (text) => console.log(text))
        .on('end', () => worker.disconnect());
    }),
  );
  worker.on('exit', (code) => console.log('exit', code));
} else {
  http.createServer((request, response) => response.end('served')).listen(0, '127.0.0.1');
}
