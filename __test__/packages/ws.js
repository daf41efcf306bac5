'use strict';
const cluster = require('cluster');
const { once } = require('events');
const { WebSocket, WebSocketServer } = require('ws');
const { endWorkers, startWorkers } = require('./workers.js');

const CLIENTS = 8;

async function primary() {
  cluster.on('message', (from, message) => {
    for (const worker of Object.values(cluster.workers)) worker.send(message);
  });
  const port = await startWorkers(2);
  const clients = Array.from({ length: CLIENTS }, () => new WebSocket(`ws://127.0.0.1:${port}`));
  const greetings = await Promise.all(clients.map(next));
  console.log([...new Set(greetings)].sort());

  const echoes = clients.map(next);
  clients.forEach((client, i) => client.send(`echo ${i}`));
  console.log(...(await Promise.all(echoes)));

  const binary = next(clients[0]);
  clients[0].send(Buffer.alloc(300_000, 7));
  console.log((await binary).length);

  // To the clients of all workers, whoever has the one that asks for it.
  const all = clients.map(next);
  clients[3].send('to all');
  console.log(new Set(await Promise.all(all)));

  const ends = clients.map((client) => once(client, 'close'));
  for (const client of clients) client.close(4000, 'enough');
  console.log(new Set((await Promise.all(ends)).map(([code]) => code)));
  console.log('ends', await endWorkers());
}

async function next(client) {
  const [data, isBinary] = await once(client, 'message');
  return isBinary ? data : data.toString();
}

function worker() {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  process.on('message', (text) => {
    for (const client of server.clients) client.send(text);
  });
  server.on('connection', (client) => {
    client.send(`worker ${cluster.worker.id}`);
    client.on('message', (data, isBinary) => {
      if (!isBinary && data.toString() === 'to all') process.send('for all');
      else client.send(data, { binary: isBinary });
    });
  });
}

if (cluster.isPrimary) primary();
else worker();
