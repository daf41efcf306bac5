'use strict';

// Serves one port with two workers whose kept-alive connections are rebalanced: program.js SETTINGS, `scheduling` as
// JSON. Its standard input is JavaScript, a line at a time, run in the primary. Each answer begins with the number of the
// worker that gives it.

const cluster = require('node:cluster');
const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');
const readline = require('node:readline');

if (cluster.isPrimary) {
  const { workers = 2, ...settings } = JSON.parse(process.argv[2]);
  cluster.setupPrimary({ scheduling: { rebalance: true, ...settings } });
  cluster.on('listening', (worker, { port }) => console.log(`listening ${worker.id} ${port}`));
  cluster.on('exit', (worker) => console.log(`exit ${worker.id}`));
  for (let i = 0; i < workers; i++) cluster.fork();
  global.cluster = cluster;
  global.show = (value) => console.log(JSON.stringify(value));
  readline.createInterface({ input: process.stdin }).on('line', (line) => (0, eval)(line));
} else {
  const { id } = cluster.worker;
  const server = http.createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url, 'http://any');
    if (pathname === '/pin') cluster.worker.pin(request.socket);
    if (pathname === '/block') for (const end = Date.now() + Number(searchParams.get('ms')); Date.now() < end;);
    if (pathname === '/hold') {
      // For long enough that it counts as busy; then until the test has seen what it wants.
      for (const end = Date.now() + 100; Date.now() < end;);
      fs.writeSync(1, 'holding\n');
      while (!fs.existsSync(process.env.RELEASE));
    }
    response.setHeader('set-cookie', `by=${id}`);
    response.end(`${id} ${request.socket.requests ?? 0}`);
    request.socket.requests = (request.socket.requests ?? 0) + 1;
  });
  server.on('connection', () => process.send('connection'));
  const { KEEP_ALIVE, PLAIN } = process.env;
  if (KEEP_ALIVE) server.keepAliveTimeout = Number(KEEP_ALIVE);
  process.on('message', (message) => {
    if (message === 'block') {
      // Again and again, with a moment in between.
      const block = () => {
        for (const end = Date.now() + 300; Date.now() < end;);
        setTimeout(block, 20);
      };
      block();
    }
    if (message === 'close') server.close();
    if (message === 'stop') for (;;);
  });
  server.listen(0, '127.0.0.1');
  if (PLAIN) net.createServer((socket) => socket.end()).listen(0, '127.0.0.1');
}
