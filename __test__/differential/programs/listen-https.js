'use strict';
const cluster = require('cluster');
const fs = require('fs');
const https = require('https');
const path = require('path');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('listening', ({ port }) => {
    https.get({ port, host: '127.0.0.1', rejectUnauthorized: false, agent: false }, (response) => {
      response
        .setEncoding('utf8')
        .on('data', (text) => console.log(response.statusCode, text))
        .on('end', () => worker.disconnect());
    });
  });
} else {
  const read = (name) => fs.readFileSync(path.join(__dirname, 'fixtures', name));
  https
    .createServer({ key: read('key.pem'), cert: read('certificate.pem') }, (request, response) => {
      response.end(`${request.url} ${request.socket.encrypted}`);
    })
    .listen(0, '127.0.0.1');
}
