'use strict';

// A primary that is killed, and workers that finish what they have: no request is lost, another primary can start at once
// where they listened, and none of them stays.

const assert = require('node:assert');
const dgram = require('node:dgram');
const { once } = require('node:events');
const fs = require('node:fs');
const http2 = require('node:http2');
const path = require('node:path');
const { describe, test } = require('node:test');
const { setTimeout: delay } = require('node:timers/promises');
const { Connection } = require('./draining/connection.js');
const {
  PATIENCE,
  childrenOf,
  freePort,
  get,
  getMany,
  gone,
  isAlive,
  isPortable,
  kill,
  root,
  scratch,
  start,
  startOurs,
  until,
  write,
} = require('./support.js');

const limit = { timeout: 120_000 };

/** Answers with its process's id, and holds what it is asked to hold until a file is there. */
function app() {
  const cluster = require('cluster');
  const fs = require('fs');
  const { GO, KIND, PORT, PRINTS, SOCKET } = process.env;
  const nap = (time) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, time);
  const say = (text) => PRINTS !== 'no' && fs.writeSync(1, `${text}\n`);
  const held = () => new Promise((resolve) => setInterval(() => fs.existsSync(GO) && resolve(), 10).unref());

  async function answer({ url }, response) {
    say(`asked ${url}`);
    if (url === '/block') while (!fs.existsSync(GO)) nap(10);
    if (url === '/block-for-ever') for (;;) nap(60_000);
    if (url === '/never') return;
    if (url === '/begun') response.write('begun ');
    if (url === '/held' || url === '/begun') await held();
    if (url === '/print') {
      for (let i = 0; i < 100; i++) {
        process.stdout.write(`${'x'.repeat(1000)}\n`);
        process.stderr.write('y\n');
        console.log('z');
        await new Promise(setImmediate);
      }
    }
    response.end(`${process.pid}`);
  }

  const kinds = {
    http: () => require('http').createServer({ keepAliveTimeout: 60_000 }, answer),
    http2: () => require('http2').createServer(answer),
  };
  const server = kinds[KIND ?? 'http']();
  const listen = () => (SOCKET ? server.listen(SOCKET) : server.listen(PORT, '127.0.0.1'));
  const handlers = {
    /** Handles what tells it to end, and does not. */
    deaf: () => process.on('SIGTERM', () => say('told to end')),
    /** Listens to datagrams as well. */
    datagrams() {
      const socket = require('dgram').createSocket('udp4');
      socket.on('message', (text, { port }) => socket.send(`${process.pid}`, port, '127.0.0.1'));
      socket.bind(PORT, '127.0.0.1', () => say('bound'));
      process.on('disconnect', () => socket.send('alone', Number(process.env.ECHO), '127.0.0.1'));
    },
    /** Shares what there is to share, and looks at how it is when nobody keeps that any more. */
    async shares() {
      const work = (signal) =>
        new Promise((resolve) => signal.addEventListener('abort', () => resolve(say('stopped'))));
      cluster.lead('work', work);
      const lock = await cluster.lock('lock');
      lock.signal.addEventListener('abort', () => say(`lost ${lock.signal.reason.code}`));
      process.on('disconnect', () => {
        const { connected, channel } = process;
        say(`process ${JSON.stringify({ connected, channel, left: cluster.worker.exitedAfterDisconnect })}`);
        process.send('any', (error) => say(`send ${error.code}`));
        cluster
          .store('any')
          .get('any')
          .catch(({ code }) => say(`store ${code}`));
      });
      cluster.worker.on('disconnect', () => say(`worker ${cluster.worker.isConnected()}`));
      cluster.worker.ready();
    },
  };
  if (process.env.STARTING !== 'yes') listen();
  handlers[process.env.HANDLER]?.();
  setInterval(() => {}, 1000);
  process.on('drain', () => say('drain'));
  process.on('disconnect', () => say('alone'));
  process.on('exit', (code) => say(`exit ${process.pid} ${code}`));
}

function primary({ exec, options, settings }) {
  const cluster = require('cluster');
  cluster.setupPrimary({ exec, ...settings });
  const supervisor = cluster.supervise(options);
  Object.assign(globalThis, { cluster, supervisor });
  cluster.on('online', ({ process: { pid } }) => console.log(`online ${pid}`));
  supervisor.once('ready', () => console.log(`ready ${supervisor.workers.map(({ process: { pid } }) => pid)}`));
  require('readline')
    .createInterface({ input: process.stdin })
    .on('line', (line) => console.log(JSON.stringify(eval(line))));
}

/** Starts a primary, which has a port, a file that is not there yet, and workers. */
async function serve(t, { env, options, settings } = {}) {
  const port = await freePort();
  const go = path.join(scratch(t), 'go');
  const given = { exec: write(t, app), options: { workers: 2, finishWithoutPrimary: true, ...options }, settings };
  const file = write(t, primary, given);
  const begin = () => startOurs(t, [file], { env: { PORT: `${port}`, GO: go, ...env } });
  const service = { port, go: () => fs.writeFileSync(go, ''), program: begin(), again: () => ready(begin()) };
  if (env?.STARTING) return service;
  return Object.assign(service, await ready(service.program));
}

async function ready(program) {
  const [, pids] = await program.line(/^ready (\S+)$/);
  return { program, pids: pids.split(',').map(Number) };
}

const isOneOf = (pids, text) => assert.ok(pids.includes(Number(text.match(/\d+$/)[0])), `${text} of ${pids}`);

/** Kills a primary in the middle of everything, and starts another: all is answered, and the workers end. */
async function survive(t, env) {
  const { go, port, program, pids, again } = await serve(t, { env, options: { gracePeriod: 60_000 } });
  const held = getMany(6, port, { path: '/held' });
  const begun = getMany(4, port, { path: '/begun' });
  await program.line(/^asked \/held$/, 6);
  await program.line(/^asked \/begun$/, 4);
  const connections = await Promise.all(Array.from({ length: 8 }, () => Connection.open(port)));
  const asking = connections.map((connection) => connection.get('/held'));
  await program.line(/^asked \/held$/, 14);

  await kill(program.pid);
  const next = await again();
  isOneOf(next.pids, await get(port));
  await program.line(/^alone$/, 2);
  assert.ok(pids.every(isAlive)); // They still have something to do.
  go();
  for (const text of await held) isOneOf(pids, text);
  for (const text of await begun) isOneOf(pids, text);
  for (const text of await Promise.all(asking)) isOneOf(pids, text);
  for (const connection of connections) {
    assert.match(connection.head, /^connection: close$/im);
    await connection.closed();
  }
  await gone(pids, PATIENCE);
  await program.line(/^exit \d+ 0$/, 2);
  isOneOf(next.pids, await get(port));
}

describe('all requests are answered', { concurrency: 2 }, () => {
  test('while the next primary serves', limit, (t) => survive(t));

  test('where workers accept by themselves', limit, (t) => survive(t, { NODE_CLUSTER_SCHED_POLICY: 'none' }));

  test('those on kept-alive connections that wait for the next one', limit, async (t) => {
    const { port, program, pids } = await serve(t, { options: { rebalance: false } }); // All stay with their workers.
    const connections = await Promise.all(Array.from({ length: 4 }, () => Connection.open(port)));
    const texts = await Promise.all(connections.map((connection) => connection.get('/')));
    for (const text of texts) isOneOf(pids, text);
    await kill(program.pid);
    const again = connections.map((connection) => connection.get('/'));
    for (const text of await Promise.all(again)) isOneOf(pids, text);
    for (const connection of connections) await connection.closed();
    await gone(pids, PATIENCE);
  });

  test('also those that are queued', { ...limit, skip: isPortable && 'they wait in the primary' }, async (t) => {
    const { go, port, program, pids } = await serve(t, { options: { workers: 1 } });
    const blocking = get(port, { path: '/block' });
    await program.line(/^asked \/block$/);
    const queued = getMany(20, port);
    await until(async () => {
      const count = program.lines(/^\d+$/).length;
      program.tell('cluster.figures().queued');
      const [queuedNow] = await program.line(/^\d+$/, count + 1);
      return queuedNow === '20';
    }, '20 in the queue');
    await kill(program.pid);
    go();
    for (const text of [await blocking, ...(await queued)]) isOneOf(pids, text);
    await gone(pids, PATIENCE);
  });

  test('those of a worker that is being replaced', limit, async (t) => {
    const { go, port, program, pids } = await serve(t, { options: { workers: 1, gracePeriod: 60_000 } });
    const connection = await Connection.open(port);
    const answer = connection.get('/held');
    await program.line(/^asked \/held$/);
    program.tell('supervisor.reload() && 0');
    await program.line(/^drain$/);
    await kill(program.pid);
    await program.line(/^alone$/, 2); // The new one, too.
    go();
    isOneOf(pids, await answer);
    assert.match(connection.head, /^connection: close$/im);
    await connection.closed();
    await gone(pids, PATIENCE);
  });

  test('those of a worker that has heard signals before, which were for the primary', limit, async (t) => {
    const { go, port, program, pids } = await serve(t, { options: { workers: 1, gracePeriod: 60_000 } });
    const connection = await Connection.open(port);
    isOneOf(pids, await connection.get('/'));
    const block = get(port, { path: '/block' });
    await program.line(/^asked \/block$/);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.kill(pids[0], signal);
    await kill(program.pid);
    await delay(300); // It finds both at the same time.
    go();
    isOneOf(pids, await block);
    await program.line(/^alone$/);
    await delay(100);
    isOneOf(pids, await connection.get('/'));
    await gone(pids, PATIENCE);
  });

  test('those of HTTP/2', limit, async (t) => {
    const { go, port, program, pids } = await serve(t, { env: { KIND: 'http2' } });
    const session = http2.connect(`http://127.0.0.1:${port}`);
    t.after(() => session.destroy());
    const ask = async () => {
      let text = '';
      for await (const part of session.request({ ':path': '/held' }).setEncoding('utf8')) text += part;
      return text;
    };
    const answers = [ask(), ask(), ask()];
    await program.line(/^asked \/held$/, 3);
    const goaway = once(session, 'goaway');
    const closed = once(session, 'close');
    await kill(program.pid);
    await goaway;
    go();
    for (const text of await Promise.all(answers)) isOneOf(pids, text);
    await closed;
    await gone(pids, PATIENCE);
  });

  test('what is printed for nobody is no error', limit, async (t) => {
    const { go, port, program, pids } = await serve(t, { env: { PRINTS: 'no' }, settings: { silent: true } });
    const connection = await Connection.open(port);
    connection.send('GET /begun HTTP/1.1\r\nHost: any\r\n\r\nGET /print HTTP/1.1\r\nHost: any\r\n\r\n');
    await until(() => connection.socket.bytesRead > 0, 'the start of an answer');
    await kill(program.pid);
    go();
    isOneOf(pids, (await connection.answer()).text);
    isOneOf(pids, (await connection.answer()).text);
    await gone(pids, PATIENCE);
  });
});

describe('it has an end', { concurrency: 2 }, () => {
  const times = { gracePeriod: 300, killTimeout: 300 };

  for (const [what, asked, handler] of [
    ['for a request that is never answered', '/never'],
    ['for a program that hears that it is to end, and goes on', '/never', 'deaf'],
    ...(isPortable ? [] : [['for a worker that is blocked', '/block-for-ever']]),
  ]) {
    test(what, limit, async (t) => {
      const options = { ...times, workers: 1 };
      const { port, program, pids } = await serve(t, { env: { HANDLER: handler }, options });
      const failed = assert.rejects(get(port, { path: asked }));
      const other = get(port, { path: '/held' }).catch(() => {}); // So that it is known that the worker knows.
      await program.line(new RegExp(`^asked ${asked}$`));
      await kill(program.pid);
      await gone(pids, PATIENCE);
      await Promise.all([failed, other]);
      if (handler) await program.line(/^told to end$/);
    });
  }

  test('at once with the second signal', limit, async (t) => {
    // Longer than a timer takes, all in all.
    const options = { workers: 1, gracePeriod: 2 ** 31 - 1, killTimeout: 2 ** 31 - 1 };
    const { go, port, program, pids } = await serve(t, { env: { HANDLER: 'deaf' }, options });
    const failed = assert.rejects(get(port, { path: '/never' }));
    const held = get(port, { path: '/held' });
    await program.line(/^asked \/never$/);
    await program.line(/^asked \/held$/);
    await kill(program.pid);
    await program.line(/^alone$/);
    process.kill(pids[0], 'SIGINT');
    go();
    isOneOf(pids, await held);
    process.kill(pids[0], 'SIGTERM');
    await gone(pids, PATIENCE);
    await failed;
  });

  test('at once for workers that are starting, and those without a client', limit, async (t) => {
    const { program } = await serve(t, { env: { STARTING: 'yes' }, options: { gracePeriod: 600_000 } });
    await program.line(/^online (\d+)$/, 2);
    const starting = program.lines(/^online (\d+)$/).map(([, pid]) => Number(pid));
    const idle = await serve(t, { options: { gracePeriod: 600_000, spares: 1 } });
    await Promise.all([kill(program.pid), kill(idle.program.pid)]);
    await gone([...starting, ...idle.pids], PATIENCE);
  });

  test('at once for all, if nobody has asked for it', limit, async (t) => {
    const { port, program, pids } = await serve(t, { options: { finishWithoutPrimary: false } });
    const failed = assert.rejects(get(port, { path: '/held' }), { code: 'ECONNRESET' });
    await program.line(/^asked \/held$/);
    await kill(program.pid);
    await gone(pids, PATIENCE);
    await failed;
  });
});

test('a program sees what it sees on the built-in module, and keeps nothing', limit, async (t) => {
  const options = { workers: 1, gracePeriod: 60_000, waitReady: true };
  const { program, pids, port, go } = await serve(t, { env: { HANDLER: 'shares' }, options });
  const held = get(port, { path: '/held' });
  await program.line(/^asked \/held$/);
  await kill(program.pid);
  await program.line(/^stopped$/);
  await program.line(/^store ERR_CLUSTER_RS_KEEPER_GONE$/);
  await program.line(/^lost ERR_CLUSTER_RS_KEEPER_GONE$/);
  await program.line(/^process \{"connected":false,"channel":null\}$/);
  await program.line(/^worker false$/);
  await program.line(/^send ERR_IPC_CHANNEL_CLOSED$/);
  await program.line(/^drain$/);
  go();
  isOneOf(pids, await held);
  await gone(pids, PATIENCE);
});

const skip = isPortable && 'the portable layer does not know of datagrams';

test('the next primary gets the datagrams', { ...limit, skip }, async (t) => {
  const client = dgram.createSocket('udp4');
  t.after(() => client.close());
  client.bind(0, '127.0.0.1');
  await once(client, 'listening');
  const env = { HANDLER: 'datagrams', ECHO: `${client.address().port}` };
  const { port, program, pids, go, again } = await serve(t, { env, options: { gracePeriod: 60_000 } });
  const held = getMany(2, port, { path: '/held' });
  await program.line(/^asked \/held$/, 2);
  await program.line(/^bound$/, 2);
  const alone = once(client, 'message');
  await kill(program.pid);
  const [text] = await alone;
  assert.strictEqual(`${text}`, 'alone'); // What it sends is still sent.
  const next = await again();
  await next.program.line(/^bound$/, 2);
  const heard = new Promise((resolve) => client.on('message', (said) => `${said}` !== 'alone' && resolve(`${said}`)));
  client.send('who', port, '127.0.0.1');
  isOneOf(next.pids, await heard);
  go();
  for (const one of await held) isOneOf(pids, one);
  await gone(pids, PATIENCE);
});

for (const policy of ['rr', 'none']) {
  const skip = isPortable && 'the built-in module does not remove what somebody else has left';

  test(`the next primary has the path of a Unix socket: ${policy}`, { ...limit, skip }, async (t) => {
    const socketPath = path.join(scratch(t), 'web.sock');
    const env = { SOCKET: socketPath, NODE_CLUSTER_SCHED_POLICY: policy };
    const { program, pids, go, again } = await serve(t, { env, options: { gracePeriod: 60_000 } });
    const held = getMany(2, undefined, { socketPath, path: '/held' });
    await program.line(/^asked \/held$/, 2);
    await kill(program.pid);
    await program.line(/^alone$/, 2);
    const next = await again();
    isOneOf(next.pids, await get(undefined, { socketPath }));
    go();
    for (const text of await held) isOneOf(pids, text);
    await gone(pids, PATIENCE);
    isOneOf(next.pids, await get(undefined, { socketPath }));
  });
}

test('the command is started again under the same name', limit, async (t) => {
  const [folder, port] = [scratch(t), await freePort()];
  const go = path.join(folder, 'go');
  const args = [path.join(root, 'bin/cluster-rs.js'), write(t, app), '--name', 'api', '-w', '2', '--grace', '60s'];
  const env = { XDG_RUNTIME_DIR: folder, PORT: `${port}`, GO: go, PRINTS: 'no' };
  const begin = async () => {
    const program = start(t, [...args, '--finish-without-primary'], { env });
    await until(
      () => program.stderr.includes('api is running'),
      () => program.output,
    );
    return { program, pids: childrenOf(program.pid) };
  };
  const { program, pids } = await begin();
  const connections = await Promise.all(Array.from({ length: 4 }, () => Connection.open(port)));
  for (const connection of connections) {
    connection.send('GET /begun HTTP/1.1\r\nHost: any\r\n\r\nGET /print HTTP/1.1\r\nHost: any\r\n\r\n');
  }
  await until(() => connections.every(({ socket }) => socket.bytesRead > 0), 'the start of all answers');
  await kill(program.pid);
  const next = await begin();
  isOneOf(next.pids, await get(port));
  fs.writeFileSync(go, '');
  for (const connection of connections) {
    isOneOf(pids, (await connection.answer()).text);
    isOneOf(pids, (await connection.answer()).text);
  }
  await gone(pids, PATIENCE);
});
