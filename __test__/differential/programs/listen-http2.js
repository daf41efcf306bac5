'use strict';
const cluster = require('cluster');
const http2 = require('http2');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('listening', ({ port }) => {
    const client = http2.connect(`http://127.0.0.1:${port}`);
    client
      .request({ ':path': '/x' })
      .setEncoding('utf8')
      .on('data', (text) => console.log(text))
      .on('close', () => {
        client.close();
        worker.disconnect();
      });
  });
} else {
  http2
    .createServer((request, response) => response.end(`${request.url} ${request.httpVersion}`))
    .listen(0, '127.0.0.1');
}
