'use strict';
const cluster = require('cluster');
const http = require('http');
const freePort = require('./fixtures/free-port');

// New workers take over one by one; a request is answered at every moment.
if (cluster.isPrimary) {
  freePort((port) => {
    const start = () =>
      new Promise((resolve) => {
        const worker = cluster.fork({ PORT: port });
        worker.once('listening', () => resolve(worker));
      });
    const ask = () =>
      new Promise((resolve) => {
        http
          .get({ port, host: '127.0.0.1', agent: false }, (response) =>
            response.resume().on('end', () => resolve(response.statusCode)),
          )
          .on('error', (error) => resolve(error.code));
      });
    (async () => {
      const old = [await start(), await start()];
      const answers = [await ask()];
      for (const worker of old) {
        const fresh = await start();
        const exited = new Promise((resolve) => worker.once('exit', resolve));
        worker.disconnect();
        answers.push(await ask());
        await exited;
        answers.push(await ask());
        console.log('replaced', worker.id, 'by', fresh.id);
      }
      console.log(answers);
      cluster.disconnect();
    })();
  });
} else {
  http.createServer((request, response) => response.end()).listen(process.env.PORT, '127.0.0.1');
}
