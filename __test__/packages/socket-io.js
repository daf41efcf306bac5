'use strict';
const cluster = require('cluster');
const { once } = require('events');
const http = require('http');
const { createAdapter, setupPrimary } = require('@socket.io/cluster-adapter');
const sticky = require('@socket.io/sticky');
const { Server } = require('socket.io');
const { io: connect } = require('socket.io-client');
const { endWorkers } = require('./workers.js');

const transports = [['polling'], ['websocket'], ['polling', 'websocket']];

async function primary() {
  // The primary accepts and passes connections on, to the worker that has the client's session.
  const server = http.createServer();
  sticky.setupMaster(server, { loadBalancingMethod: 'round-robin' });
  setupPrimary();
  cluster.setupPrimary({ serialization: 'advanced' });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  for (let i = 0; i < 2; i++) await once(cluster.fork(), 'message');

  const url = `http://127.0.0.1:${server.address().port}`;
  const clients = [...transports, ...transports].map((list) => connect(url, { transports: list, forceNew: true }));
  const greetings = await Promise.all(clients.map((client) => heard(client, 'greeting')));
  console.log('workers', [...new Set(greetings)].sort());
  await Promise.all([clients[2], clients[5]].map((client) => upgraded(client)));
  console.log('transports', ...clients.map((client) => client.io.engine.transport.name));

  const echoes = clients.map((client) => client.emitWithAck('echo', 'text', { n: 1 }, Buffer.from('bytes')));
  console.log(new Set(await Promise.all(echoes)));

  const all = clients.map((client) => heard(client, 'news'));
  clients[0].emit('to all', 'for all');
  console.log(...(await Promise.all(all)));

  for (const client of clients.slice(0, 4)) await client.emitWithAck('join', 'room');
  const room = clients.slice(0, 4).map((client) => heard(client, 'news'));
  clients[5].emit('to room', 'for the room');
  console.log(...(await Promise.all(room)));

  console.log('sockets', await clients[1].emitWithAck('sockets'));
  console.log('other workers', await clients[1].emitWithAck('ask others'));
  for (const client of clients) client.on('question', (answer) => answer('yes'));
  console.log('answers of all', await clients[1].emitWithAck('ask all'));

  for (const client of clients) client.close();
  server.close();
  server.closeAllConnections();
  console.log('ends', await endWorkers());
}

const heard = (client, event) => new Promise((resolve) => client.once(event, resolve));

async function upgraded({ io: { engine } }) {
  if (engine.transport.name !== 'websocket') await new Promise((resolve) => engine.once('upgrade', resolve));
}

function worker() {
  const server = http.createServer();
  const io = new Server(server);
  io.adapter(createAdapter());
  sticky.setupWorker(io);
  io.on('question', (answer) => answer(cluster.worker.id));
  io.on('connection', (socket) => {
    socket.emit('greeting', cluster.worker.id);
    socket.on('echo', (text, object, bytes, answer) => answer(`${text} ${object.n} ${bytes}`));
    socket.on('to all', (text) => io.emit('news', text));
    socket.on('join', (name, answer) => answer(socket.join(name)));
    socket.on('to room', (text) => io.to('room').emit('news', text));
    socket.on('sockets', async (answer) => answer((await io.fetchSockets()).length));
    socket.on('ask others', async (answer) => answer((await io.serverSideEmitWithAck('question')).length));
    socket.on('ask all', async (answer) => answer((await io.timeout(5000).emitWithAck('question')).length));
  });
  // Its heartbeat would keep the process alive.
  process.once('disconnect', () => io.close());
  process.send('ready');
}

if (cluster.isPrimary) primary();
else worker();
