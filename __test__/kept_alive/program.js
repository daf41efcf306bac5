'use strict';

// A supervised service whose answers say which request they are for. program.js PORT SETTINGS, `scheduling` as JSON. The
// primary is told, a line each: `block`, `kill`, `reload`, `scale N`, `figures`; it prints, in lines of JSON, what has
// happened.

const cluster = require('node:cluster');
const { createHash } = require('node:crypto');
const http = require('node:http');
const readline = require('node:readline');

const [port, settings] = process.argv.slice(2);

function runPrimary() {
  const print = (what) => console.log(JSON.stringify(what));
  cluster.setupPrimary({ scheduling: JSON.parse(settings) });
  const supervisor = cluster.supervise({ workers: 3, minDelay: 0, maxDelay: 0, maxDeaths: 1e6 });
  supervisor.once('ready', () => print({ event: 'ready' }));
  const anyone = () => supervisor.workers[Math.floor(Math.random() * supervisor.workers.length)];
  const orders = {
    block: (milliseconds) => anyone()?.send(Number(milliseconds)),
    kill() {
      const worker = supervisor.workers.length > 1 && anyone();
      if (!worker) return;
      print({ event: 'kill', at: Date.now() });
      worker.process.kill('SIGKILL');
    },
    reload: () => supervisor.reload().catch(() => {}), // One that is killed meanwhile fails it.
    scale: (size) => supervisor.scale(Number(size)).catch(() => {}),
    figures: () => print({ event: 'figures', figures: cluster.figures() }),
  };
  readline.createInterface({ input: process.stdin }).on('line', (line) => {
    const [order, number] = line.split(' ');
    orders[order](number);
  });
}

function runWorker() {
  process.on('message', (milliseconds) => {
    for (const end = Date.now() + milliseconds; Date.now() < end;);
  });
  const server = http.createServer(async (request, response) => {
    const hash = createHash('sha1');
    let length = 0;
    for await (const part of request) {
      hash.update(part);
      length += part.length;
    }
    const { pathname, searchParams } = new URL(request.url, 'http://any');
    const trailer = request.trailers['x-trailer'] ?? '';
    const says = `${pathname} ${length} ${hash.digest('hex')} ${trailer}`;
    const size = Number(searchParams.get('size') ?? 0);
    const answer = () => response.end(`${says}\n${'x'.repeat(size)}`);
    if (searchParams.has('slow')) setTimeout(answer, Number(searchParams.get('slow')));
    else answer();
  });
  // What an upgraded connection says comes back.
  server.on('upgrade', (request, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    socket.on('error', () => {}).pipe(socket);
  });
  server.keepAliveTimeout = 60_000;
  server.listen(Number(port), '127.0.0.1');
}

if (cluster.isPrimary) runPrimary();
else runWorker();
