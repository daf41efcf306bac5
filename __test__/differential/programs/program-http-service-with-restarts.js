'use strict';
const cluster = require('cluster');
const http = require('http');
const freePort = require('./fixtures/free-port');

// A service as many write it: a worker that crashes is replaced, and the port goes on answering.
if (cluster.isPrimary) {
  freePort((port) => {
    cluster.fork({ PORT: port });
    cluster.fork({ PORT: port });
    let listening = 0;
    cluster.on('exit', (worker, code, signal) => {
      if (worker.exitedAfterDisconnect) return;
      console.log('worker died', code, signal);
      cluster.fork({ PORT: port });
    });
    const ask = (path, callback) =>
      http
        .get({ port, host: '127.0.0.1', path, agent: false }, (response) => {
          let text = '';
          response
            .setEncoding('utf8')
            .on('data', (data) => {
              text += data;
            })
            .on('end', () => callback(text));
        })
        .on('error', (error) => callback(error.code));
    cluster.on('listening', () => {
      listening++;
      if (listening === 2) {
        ask('/', (text) => {
          console.log(text);
          ask('/crash', () => {});
        });
      }
      if (listening === 3) {
        ask('/', (text) => {
          console.log(text);
          cluster.disconnect(() => console.log('end'));
        });
      }
    });
  });
} else {
  http
    .createServer((request, response) => {
      if (request.url === '/crash') process.exit(9);
      response.end('fine');
    })
    .listen(process.env.PORT, '127.0.0.1');
}
