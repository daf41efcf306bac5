'use strict';
const cluster = require('cluster');
const { once } = require('events');
const { ask, askAgain, startWorkers } = require('./workers.js');

async function primary() {
  // Fastify listens on all the addresses of this name, with a server for each.
  for (const host of ['127.0.0.1', 'localhost']) {
    process.env.HOST = host;
    const port = await startWorkers(2);
    console.log(host, new Set(await askAgain(8, port, '/worker', { host })).size, 'workers');
    console.log((await ask(port, '/sum', { json: { numbers: [1, 2, 3] }, host })).body);
    console.log((await ask(port, '/sum', { json: { numbers: 'none' }, host })).body);
    console.log((await ask(port, '/nowhere', { host })).status);
    // Asked to close while it answers, a worker answers first.
    const slow = ask(port, '/slow', { host });
    await once(cluster, 'message');
    const exits = Object.values(cluster.workers).map((worker) => once(worker, 'exit'));
    for (const worker of Object.values(cluster.workers)) worker.send('close');
    console.log((await slow).body, ...(await Promise.all(exits)));
  }
}

async function worker() {
  const app = require('fastify')({ forceCloseConnections: 'idle' });
  app.get('/worker', async () => `worker ${cluster.worker.id}`);
  app.get('/slow', (request, reply) => {
    process.send('slow');
    setTimeout(() => reply.send('slow, and not lost'), 300);
  });
  const schema = {
    body: { type: 'object', properties: { numbers: { type: 'array', items: { type: 'number' } } } },
    response: { 200: { type: 'object', properties: { sum: { type: 'number' } } } },
  };
  app.post('/sum', { schema }, async ({ body }) => ({ sum: body.numbers.reduce((a, b) => a + b), hidden: true }));
  process.on('message', async (message) => {
    if (message === 'close') await app.close();
    process.disconnect();
  });
  await app.listen({ port: 0, host: process.env.HOST });
}

if (cluster.isPrimary) primary();
else worker();
