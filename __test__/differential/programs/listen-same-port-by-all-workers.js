'use strict';
const cluster = require('cluster');
const http = require('http');

if (cluster.isPrimary) {
  for (let i = 0; i < 3; i++) cluster.fork();
  let count = 0;
  const answers = {};
  const ask = (port, left) => {
    if (left === 0) {
      console.log(answers);
      return cluster.disconnect(() => console.log('all gone', Object.keys(cluster.workers)));
    }
    http.get({ port, host: '127.0.0.1', agent: false }, (response) => {
      response.setEncoding('utf8').on('data', (id) => {
        answers[id] = (answers[id] ?? 0) + 1;
      });
      response.on('end', () => ask(port, left - 1));
    });
  };
  cluster.on('listening', (worker, { port }) => {
    if (++count === 3) setTimeout(ask, 200, port, 12);
  });
} else {
  http.createServer((request, response) => response.end(`${cluster.worker.id}`)).listen(0, '127.0.0.1');
}
