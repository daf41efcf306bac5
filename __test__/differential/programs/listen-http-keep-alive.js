'use strict';
const cluster = require('cluster');
const http = require('http');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('listening', ({ port }) => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const ask = (left) => {
      if (left === 0) {
        agent.destroy();
        return worker.disconnect();
      }
      http.get({ port, host: '127.0.0.1', agent }, (response) => {
        response.setEncoding('utf8').on('data', (text) => console.log(text, response.req.reusedSocket));
        response.on('end', () => setImmediate(ask, left - 1));
      });
    };
    ask(3);
  });
  worker.on('exit', (code) => console.log('exit', code));
} else {
  let count = 0;
  http.createServer((request, response) => response.end(`answer ${++count}`)).listen(0, '127.0.0.1');
}
