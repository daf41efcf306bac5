'use strict';

// `worker.drain()`: a worker leaves, and no client notices.

const assert = require('node:assert');
const { once } = require('node:events');
const http = require('node:http');
const https = require('node:https');
const net = require('node:net');
const path = require('node:path');
const { test } = require('node:test');
const { setTimeout: delay } = require('node:timers/promises');
const { freePort, get, gone, isAlive, isFree, startOurs, until, write } = require('./support.js');

const limit = { timeout: 120_000 };
const fixtures = path.join(__dirname, 'differential', 'programs', 'fixtures');

/** Workers that serve what `settings.kind` says, and a primary that drains them one after the other when it is told to. */
function service(settings) {
  const cluster = require('cluster');
  const http = require('http');
  if (cluster.isPrimary) {
    if (settings.policy) cluster.schedulingPolicy = settings.policy;
    let count = 0;
    const start = () => {
      const worker = cluster.fork();
      worker.on('listening', ({ port }) => console.log(`listening ${worker.process.pid} ${port} ${++count}`));
      worker.on('exit', (code, signal) => {
        console.log(`exit ${worker.process.pid} ${code} ${signal} ${worker.exitedAfterDisconnect}`);
      });
    };
    start();
    require('readline')
      .createInterface({ input: process.stdin })
      .on('line', (line) => {
        const [command, option] = line.split(' ');
        if (command === 'start') start();
        if (command === 'drain') Object.values(cluster.workers)[0].drain({ move: option !== 'close' });
      });
    return;
  }
  const answer = (request, response) => {
    const { url } = request;
    const name = `${process.pid}`;
    if (url === '/slow') return setTimeout(() => response.end(name), 700);
    if (url === '/late') return setTimeout(() => response.writeHead(200).end(name), 700);
    if (url === '/big') return response.end(name.padEnd(20_000_000, '.'));
    if (url === '/body') return request.resume().on('end', () => response.end(name));
    response.end(name);
  };
  const listen = (server) => server.listen(settings.port, '127.0.0.1');
  if (settings.kind === 'https') {
    const read = (name) => require('fs').readFileSync(`${settings.fixtures}/${name}`);
    listen(require('https').createServer({ key: read('key.pem'), cert: read('certificate.pem') }, answer));
  } else if (settings.kind === 'express') {
    const app = require(settings.express)();
    app.use(answer);
    app.listen(settings.port, '127.0.0.1');
  } else if (settings.kind === 'fastify') {
    const app = require(settings.fastify)();
    app.get('/*', (request, reply) => reply.send(`${process.pid}`));
    app.listen({ port: settings.port, host: '127.0.0.1' });
  } else if (settings.kind === 'ws') {
    const server = listen(http.createServer(answer));
    const sockets = new (require(settings.ws).WebSocketServer)({ server });
    sockets.on('connection', (socket) => socket.on('message', () => socket.send(`${process.pid}`)));
    process.on('drain', () => {
      console.log('drain');
      for (const socket of sockets.clients) socket.close(1001);
    });
  } else {
    listen(http.createServer(answer));
  }
  if (settings.kind === 'cleanup') {
    process.on('SIGTERM', () => {
      console.log(`cleaning up ${process.pid}`);
      process.exit(5);
    });
  }
}

async function serve(t, settings = {}) {
  const port = await freePort();
  const modules = Object.fromEntries(['express', 'fastify', 'ws'].map((name) => [name, require.resolve(name)]));
  const program = startOurs(t, [write(t, service, { ...modules, fixtures, port, ...settings })]);
  let count = 1;
  const [, first] = await program.line(/^listening (\d+)/);
  return {
    port,
    program,
    first,
    /** Starts another worker, and gives its pid. */
    async another() {
      program.tell('start');
      const [, pid] = await program.line(/^listening (\d+)/, ++count);
      return pid;
    },
    async drain(option = '') {
      program.tell(`drain ${option}`);
    },
  };
}

/** A kept-alive connection, on which text is sent and answers come. */
async function connect(t, port) {
  const socket = net.connect(port, '127.0.0.1').setEncoding('utf8');
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  let text = '';
  let isClosed = false;
  socket.on('data', (part) => (text += part));
  socket.on('close', () => (isClosed = true)).on('error', () => {});
  const answers = () => [...text.matchAll(/HTTP\/1\.1 (\d+)[^]*?\r\n\r\n(\d*)/gm)];
  return {
    socket,
    isClosed: () => isClosed,
    text: () => text,
    write: (part) => socket.write(part),
    /** Waits for so many answers in all; gives who gave the last. */
    async answer(count) {
      await until(
        () => answers().length >= count || isClosed,
        () => `${count} answers in ${JSON.stringify(text)}`,
      );
      assert.strictEqual(answers().length, count, JSON.stringify(text));
      return answers()[count - 1][2];
    },
  };
}

const ask = (url = '/') => `GET ${url} HTTP/1.1\r\nHost: here\r\n\r\n`;

for (const kind of ['http', 'express', 'fastify']) {
  test(`connections that are kept alive go on at another worker (${kind})`, limit, async (t) => {
    const { port, program, first, another, drain } = await serve(t, { kind });
    const used = await connect(t, port);
    used.write(ask());
    assert.strictEqual(await used.answer(1), first);
    const fresh = await connect(t, port); // Nothing has been sent on it.
    await delay(50);
    const second = await another();
    await drain();
    await gone([Number(first)]);
    await program.line(new RegExp(`^exit ${first} 0 null true`));
    used.write(ask());
    assert.strictEqual(await used.answer(2), second);
    fresh.write(ask());
    assert.strictEqual(await fresh.answer(1), second);
    assert.ok(!used.isClosed());
  });
}

test('what has begun is finished, and the connection goes on elsewhere', limit, async (t) => {
  const { port, first, another, drain } = await serve(t);
  const clients = [];
  const begin = async (text) => {
    const client = await connect(t, port);
    client.write(text);
    clients.push(client);
    return client;
  };
  const slow = await begin(ask('/slow'));
  const pipelined = await begin(ask('/slow') + ask());
  const half = await begin('GET / HTTP/1.1\r\nHo');
  const afterwards = await begin(`${ask('/slow')}GET / HTTP/1.1\r\nHo`);
  const body = await begin('POST /body HTTP/1.1\r\nHost: here\r\nContent-Length: 10\r\n\r\n12345');
  const expecting = await begin(
    'POST /body HTTP/1.1\r\nHost: here\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n',
  );
  const big = await begin('');
  big.socket.pause();
  big.write(ask('/big'));
  await until(() => expecting.text().startsWith('HTTP/1.1 100'), 'a 100');
  await delay(200); // All of it has been read.
  const second = await another();
  await drain();
  await delay(200);

  half.write('st: here\r\n\r\n');
  assert.strictEqual(await half.answer(1), first);
  assert.strictEqual(await slow.answer(1), first);
  assert.strictEqual(await pipelined.answer(2), first);
  assert.strictEqual(await afterwards.answer(1), first);
  afterwards.write('st: here\r\n\r\n');
  assert.strictEqual(await afterwards.answer(2), first);
  body.write('67890');
  assert.strictEqual(await body.answer(1), first);
  expecting.write('12345');
  assert.strictEqual(await expecting.answer(2), first);
  assert.ok(isAlive(Number(first)));
  big.socket.resume();
  await until(() => big.text().length > 20_000_000, 'all of it');
  await gone([Number(first)]);
  for (const [client, count] of [
    [slow, 2],
    [pipelined, 3],
    [half, 2],
    [afterwards, 3],
    [body, 2],
    [expecting, 3],
  ]) {
    client.write(ask());
    assert.strictEqual(await client.answer(count), second);
  }
  big.write(ask());
  await until(() => big.text().endsWith(second), 'the second');
  for (const client of clients) assert.ok(!client.isClosed());
});

test('busy clients lose nothing while each worker is replaced', limit, async (t) => {
  const { port, program, first, another, drain } = await serve(t);
  const agent = new http.Agent({ keepAlive: true, maxSockets: 30 });
  t.after(() => agent.destroy());
  let isOver = false;
  let connections = 0;
  agent.createConnection = ((create) =>
    function () {
      connections++;
      return Reflect.apply(create, this, arguments);
    })(agent.createConnection);
  const workers = new Set();
  const client = async () => {
    while (!isOver) workers.add(await get(port, { agent }));
  };
  const clients = Promise.all(Array.from({ length: 30 }, client));
  let old = first;
  for (let i = 0; i < 8; i++) {
    const next = await another();
    await drain();
    await gone([Number(old)]);
    old = next;
  }
  isOver = true;
  await clients;
  assert.strictEqual(connections, 30);
  assert.ok(workers.size >= 8);
  await program.line(/^exit \d+ 0 null true/, 8);
});

test('where connections can not move, the next answer asks for another one', limit, async (t) => {
  for (const settings of [{ kind: 'https' }, { policy: 1 }]) {
    const { port, first, another, drain } = await serve(t, settings);
    const protocol = settings.kind === 'https' ? https : http;
    const agent = new protocol.Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false });
    t.after(() => agent.destroy());
    const fetch = (url) =>
      new Promise((resolve, reject) => {
        const request = protocol.get({ host: '127.0.0.1', port, agent, path: url }, (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (part) => (text += part));
          response.on('end', () => resolve([text, response.headers.connection]));
        });
        request.on('error', reject);
      });
    assert.deepStrictEqual(await fetch('/'), [first, 'keep-alive']);
    const late = fetch('/late'); // It has begun, and its head has not been sent.
    await delay(200);
    const second = await another();
    await drain();
    assert.deepStrictEqual(await late, [first, 'close']);
    await gone([Number(first)]);
    assert.deepStrictEqual(await fetch('/'), [second, 'keep-alive']);
  }
});

test('WebSockets are told, and stay where they are', limit, async (t) => {
  const { WebSocket } = require('ws');
  const { port, program, first, another, drain } = await serve(t, { kind: 'ws' });
  const socket = new WebSocket(`ws://127.0.0.1:${port}`);
  await once(socket, 'open');
  await another();
  const closed = once(socket, 'close');
  await drain();
  await program.line(/^drain/);
  const [code] = await closed;
  assert.strictEqual(code, 1001);
  await gone([Number(first)]);
});

test('where nothing is to move, idle connections are closed and requests finished', limit, async (t) => {
  const { port, first, drain } = await serve(t);
  const idle = await connect(t, port);
  idle.write(ask());
  await idle.answer(1);
  const slow = await connect(t, port);
  slow.write(ask('/slow'));
  await delay(200);
  await drain('close');
  assert.strictEqual(await slow.answer(1), first);
  assert.match(slow.text(), /Connection: close/);
  await gone([Number(first)]);
  await until(() => idle.isClosed() && slow.isClosed(), 'their ends');
  assert.ok(await isFree(port));
});

test('a program that listens for SIGTERM is asked to end', limit, async (t) => {
  const { program, first, another, drain } = await serve(t, { kind: 'cleanup' });
  await another();
  await drain();
  await program.line(new RegExp(`^exit ${first} 5 null true`));
  assert.match(program.stdout, /cleaning up/);
});

test('what is kept alive comes to an end with the last worker', limit, async (t) => {
  const { port, program, first, drain } = await serve(t);
  const client = await connect(t, port);
  client.write(ask());
  await client.answer(1);
  await drain();
  await program.line(new RegExp(`^exit ${first} 0`));
  await until(() => client.isClosed(), 'its end');
});
