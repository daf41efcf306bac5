'use strict';
const cluster = require('cluster');
const { ask, askAgain, endWorkers, startWorkers } = require('./workers.js');

async function primary() {
  const port = await startWorkers(2);
  console.log(await askAgain(8, port, '/worker'));
  console.log((await ask(port, '/hello/world')).type);
  console.log((await ask(port, '/sum', { json: { numbers: [1, 2, 3] } })).body);
  console.log((await ask(port, '/file')).body.split('\n')[0]);
  console.log((await ask(port, '/throw')).status, (await ask(port, '/nowhere')).status);
  const many = await Promise.all(Array.from({ length: 200 }, (_, i) => ask(port, `/hello/${i}`)));
  console.log(many.filter(({ body }, i) => body === `hello ${i}`).length, 'of 200 at once');
  console.log('ends', await endWorkers());
}

function worker() {
  const express = require('express');
  const app = express();
  app.use(express.json());
  app.get('/worker', (request, response) => response.send(`worker ${cluster.worker.id}`));
  app.get('/hello/:name', (request, response) => response.send(`hello ${request.params.name}`));
  app.post('/sum', (request, response) => response.json({ sum: request.body.numbers.reduce((a, b) => a + b) }));
  app.get('/file', (request, response) => response.sendFile(__filename));
  app.get('/throw', async () => {
    throw new Error('on purpose');
  });
  // Express finds out by the number of parameters that this is for errors.
  app.use((error, request, response, _next) => response.status(500).send(error.message));
  app.listen(0, '127.0.0.1');
}

if (cluster.isPrimary) primary();
else worker();
