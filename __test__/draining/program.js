'use strict';

// Serves one port with workers that are drained: program.js KIND [ADDRESS]. Its standard input is JavaScript, a line at
// a time, run in the primary, where `replace()` forks a worker and drains the one before once the new one listens.
// Prints what becomes of its workers. Each answer begins with the number of the worker that gives it.

const cluster = require('node:cluster');
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const readline = require('node:readline');

const [kind, address = '127.0.0.1'] = process.argv.slice(2);
const id = cluster.worker?.id;

/** Answers as the path says. */
function answer(request, response) {
  const { pathname, searchParams } = new URL(request.url, 'http://any');
  const say = (text) => response.end(`${id} ${text}`);
  const paths = {
    '/who': () => say(''),
    /** An answer that wants its connection to be kept, as those of most proxies do. */
    '/keep'() {
      const pairs = [
        ['connection', 'keep-alive'],
        ['Keep-Alive', 'timeout=600'],
        ['X-Kept', 'yes'],
      ];
      const ways = {
        set: () => pairs.forEach(([name, value]) => response.setHeader(name, value)),
        object: () => response.writeHead(200, Object.fromEntries(pairs)),
        message: () => response.writeHead(200, 'Fine', Object.fromEntries(pairs)),
        list: () => response.writeHead(200, pairs.flat()),
        pairs: () => response.writeHead(200, pairs),
        flush() {
          ways.set();
          response.flushHeaders();
        },
      };
      ways[searchParams.get('way')]();
      say('kept');
    },
    '/reset': () => request.socket.resetAndDestroy(),
    '/later': () => setTimeout(say, 10, 'later'),
    '/big': () => say('x'.repeat(32 * 1024 * 1024)),
    /** Answered when the program says so. */
    '/held'() {
      process.once('message', () => say('held'));
      process.send('holds an answer');
    },
    '/begun'() {
      response.write(`${id} `);
      process.once('message', () => response.end('begun'));
      process.send('holds an answer');
    },
    '/early'() {
      request.on('end', () => process.send('has read the rest'));
      say('early');
    },
    async '/upload'() {
      let length = 0;
      process.send('is given an upload');
      for await (const part of request) length += part.length;
      say(length);
    },
  };
  paths[pathname]();
}

/** Listens with a server that closes no connection on a busy machine. */
function listen(server) {
  const listening = server.listen(address.startsWith('/') ? address : { port: 0, host: address });
  listening.keepAliveTimeout = 60_000;
  return listening;
}
const certificate = () => {
  const read = (name) => fs.readFileSync(path.join(__dirname, '../differential/programs/fixtures', name));
  return { key: read('key.pem'), cert: read('certificate.pem') };
};

const servers = {
  http: () => listen(http.createServer(answer)),
  impatient() {
    listen(http.createServer(answer)).keepAliveTimeout = 300;
  },
  https: () => listen(require('node:https').createServer(certificate(), answer)),
  express() {
    const app = require('express')();
    app.use(answer);
    listen(app);
  },
  fastify() {
    const app = require('fastify')();
    app.get('/who', async () => `${id} `);
    app.listen({ port: 0, host: address });
  },
  ws() {
    const { WebSocketServer } = require('ws');
    const server = listen(http.createServer(answer));
    const sockets = new WebSocketServer({ server });
    sockets.on('connection', (socket) => socket.on('message', (text) => socket.send(`${id} ${text}`)));
    process.on('drain', () => process.send(`has ${sockets.clients.size} client`));
    process.on('message', () => sockets.clients.forEach((socket) => socket.close(1001)));
  },
  http2: () => listen(require('node:http2').createServer(answer)),
  /** Connections come to the HTTP server from another one. */
  behind() {
    const behind = http.createServer(answer);
    listen(require('node:net').createServer((socket) => behind.emit('connection', socket)));
  },
  /** Ends as programs do that handle SIGTERM. */
  sigterm() {
    const server = listen(http.createServer(answer));
    process.on('SIGTERM', () => {
      process.send('is told to end');
      server.close((error) => process.exit(error ? 1 : 7));
    });
  },
  /** As process managers have it. */
  sigint() {
    listen(http.createServer(answer));
    setInterval(() => {}, 1000);
    process.on('SIGINT', () => {
      process.send('is interrupted');
      process.exit(8);
    });
  },
  /** Ends as packages do that have something to do at the end: by the signal, if nobody else handles it. */
  soleListener() {
    listen(http.createServer(answer));
    setInterval(() => {}, 1000);
    process.on('SIGTERM', function listener() {
      if (process.listenerCount('SIGTERM') > 1) return;
      process.send('is alone with SIGTERM', () => {
        process.off('SIGTERM', listener);
        process.kill(process.pid, 'SIGTERM');
      });
    });
  },
  /** Has something to do on SIGTERM, and ends when nothing is left. */
  lastWords() {
    listen(http.createServer(answer));
    process.on('SIGTERM', () => process.send('says goodbye'));
  },
  /** Has put listeners of its own in place of the module's, and handles SIGTERM until one of them is called. */
  ownListeners() {
    process.removeAllListeners('message');
    const told = new Promise((resolve) => process.on('message', resolve));
    listen(http.createServer(answer));
    process.on('SIGTERM', async () => {
      process.send('has SIGTERM');
      await told.then(() => {});
      process.exit(7);
    });
  },
  /** Looks at what comes, which makes Node read in another way, and tells what becomes of connections. */
  events() {
    const server = listen(http.createServer(answer));
    server.on('connection', (socket) => {
      socket.on('data', () => {});
      socket.on('end', () => process.send('end'));
      socket.on('close', (hadError) => {
        server.getConnections((error, count) => process.send(`close ${hadError} ${count} ${socket.remoteAddress}`));
      });
    });
    server.on('close', () => process.send('closed'));
  },
  none: () => setInterval(() => {}, 1000),
};

function runPrimary() {
  if (process.env.NONE) cluster.schedulingPolicy = cluster.SCHED_NONE;
  cluster.on('exit', (worker, code, signal) =>
    console.log(`exit ${worker.id} ${signal ?? code} ${worker.exitedAfterDisconnect}`),
  );
  cluster.on('message', (worker, message) => console.log(`worker ${worker.id} ${message}`));
  cluster.on('online', (worker) => console.log(`online ${worker.id}`));
  cluster.on('listening', (worker, { port }) => console.log(`listening ${worker.id} ${port}`));
  const commands = {
    cluster,
    fork: () => cluster.fork(),
    replace() {
      const before = Object.values(cluster.workers);
      cluster.fork().once('listening', () => before.forEach((worker) => worker.drain()));
    },
    answer: (worker) => cluster.workers[worker].send('answer'),
    drain: (worker, options) => cluster.workers[worker].drain(options),
  };
  readline
    .createInterface({ input: process.stdin })
    .on('line', (line) => new Function(...Object.keys(commands), line)(...Object.values(commands)));
  cluster.fork();
}

function runWorker() {
  servers[kind]();
  process.on('drain', () => process.send('drains'));
}

if (cluster.isPrimary) runPrimary();
else runWorker();
