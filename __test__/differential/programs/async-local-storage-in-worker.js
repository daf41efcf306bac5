'use strict';
const { AsyncLocalStorage } = require('async_hooks');
const cluster = require('cluster');
const http = require('http');

const storage = new AsyncLocalStorage();
if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('listening', ({ port }) => {
    const ask = (left) =>
      http.get({ port, host: '127.0.0.1', path: `/${left}`, agent: false }, (response) => {
        response
          .setEncoding('utf8')
          .on('data', (text) => console.log(text))
          .on('end', () => (left > 1 ? ask(left - 1) : worker.disconnect()));
      });
    ask(3);
  });
} else {
  let id = 0;
  http
    .createServer((request, response) => {
      const before = storage.getStore();
      storage.run(++id, () => setTimeout(() => response.end(`${request.url} ${before} ${storage.getStore()}`), 5));
    })
    .listen(0, '127.0.0.1');
}
