'use strict';

// Which worker gets a connection: sticky and weighted scheduling, the program's own, pausing, datagrams.

const assert = require('node:assert');
const { once } = require('node:events');
const http = require('node:http');
const net = require('node:net');
const path = require('node:path');
const { test } = require('node:test');
const { PATIENCE, get, getMany, startOurs, until, write } = require('./support.js');

const limit = { timeout: 120_000 };

/** So that no client leaves a worker that is only slow, as all are on a busy machine. */
const takeBackAfter = 10_000;

/** Workers that answer with their number, and a primary that obeys what is written to it as JavaScript. */
function service(settings) {
  const cluster = require('cluster');
  const http = require('http');
  if (cluster.isPrimary) {
    cluster.setupPrimary({ scheduling: settings.scheduling });
    for (let i = 0; i < settings.workers; i++) cluster.fork();
    let ready = 0;
    cluster.on('listening', (worker, { port }) => {
      if (++ready === settings.workers) console.log(`port ${port}`);
      else if (ready > settings.workers) console.log(`more ${worker.id}`);
    });
    const rl = require('readline').createInterface(process.stdin);
    rl.on('line', (line) => console.log(`did ${eval(line) && ''}`));
  } else {
    http
      .createServer(({ url, headers }, response) => {
        if (url === '/login')
          response.setHeader('Set-Cookie', ['a=b', `session=${process.pid}-${Math.random()}; Path=/`]);
        if (url === '/open')
          return response.end(`{"sid":"${process.pid}.${Math.random()}","x":"${cluster.worker.id}"}`);
        if (url === '/slow-on-1') {
          return setTimeout(() => response.end(`${cluster.worker.id}`), cluster.worker.id === 1 ? 300 : 10);
        }
        if (url === '/stay') return response.write(`${cluster.worker.id}`);
        response.end(`${cluster.worker.id}${headers.cookie ? ' known' : ''}`);
      })
      .listen(0, '127.0.0.1');
  }
}

async function serve(t, { workers = 4, env, ...scheduling } = {}) {
  const given = { workers, scheduling: Object.keys(scheduling).length > 0 ? scheduling : undefined };
  const program = startOurs(t, [write(t, service, given)], { env });
  const [, port] = await program.line(/^port (\d+)/);
  let done = 0;
  const tell = async (line) => {
    program.tell(line);
    await program.line(/^did/, ++done);
  };
  return { port, program, tell };
}

test('by address, a client stays with its worker, and only those of a worker that goes move', limit, async (t) => {
  const { port, program, tell } = await serve(t, { policy: 'sticky', takeBackAfter });
  const clients = Array.from({ length: 1000 }, (_, i) => `127.0.${1 + (i >> 8)}.${1 + (i % 250)}`);
  const ask = async () => {
    const workers = [];
    for (let i = 0; i < clients.length; i += 50) {
      const part = clients.slice(i, i + 50).map((localAddress) => get(port, { localAddress }));
      workers.push(...(await Promise.all(part)));
    }
    return workers;
  };
  const before = await ask();
  assert.deepStrictEqual(await ask(), before);
  const share = (all, id) => all.filter((worker) => worker === id).length;
  for (const id of ['1', '2', '3', '4']) assert.ok(share(before, id) > 150, `worker ${id} has ${share(before, id)}`);

  await tell('cluster.workers[2].kill()');
  await until(() => get(port).then(Boolean), 'an answer');
  await tell('new Promise(() => {})');
  const after = await ask();
  const moved = after.filter((worker, i) => worker !== before[i]).length;
  assert.strictEqual(moved, share(before, '2'));

  await tell('cluster.fork()');
  await program.line(/^more 5/);
  const then = await ask();
  const movedAgain = then.filter((worker, i) => worker !== after[i]);
  assert.ok(movedAgain.every((worker) => worker === '5'));
  assert.ok(movedAgain.length <= (1000 / 4) * 1.1, `${movedAgain.length} have moved`);
});

test('by a header', limit, async (t) => {
  const { port } = await serve(t, { policy: 'sticky', key: 'header:X-User' });
  const of = new Map();
  for (let i = 0; i < 60; i++) {
    const user = `user-${i % 20}`;
    const worker = await get(port, { headers: { 'x-user': user } });
    assert.strictEqual(worker, of.get(user) ?? worker);
    of.set(user, worker);
  }
  assert.strictEqual(new Set(of.values()).size, 4);
});

test('by a cookie, the worker that has set it', limit, async (t) => {
  const { port } = await serve(t, { env: { NODE_CLUSTER_SCHED_POLICY: 'sticky:cookie:session' } });
  const workers = new Set();
  for (let i = 0; i < 20; i++) {
    const [cookie, worker] = await new Promise((resolve, reject) => {
      const request = http.get({ host: '127.0.0.1', port, path: '/login', agent: false }, (response) => {
        const set = response.headers['set-cookie'].find((one) => one.startsWith('session='));
        response.setEncoding('utf8').on('data', (text) => resolve([set.split(';')[0], text]));
      });
      request.on('error', reject);
    });
    workers.add(worker);
    for (let again = 0; again < 3; again++) {
      assert.strictEqual(await get(port, { headers: { cookie: `x=1; ${cookie}` } }), `${worker} known`);
    }
  }
  assert.strictEqual(workers.size, 4);
});

test('by a parameter, the worker that has given it out', limit, async (t) => {
  const { port } = await serve(t, { policy: 'sticky', key: 'query:sid' });
  const workers = new Set();
  for (let i = 0; i < 20; i++) {
    const { sid, x } = JSON.parse(await get(port, { path: '/open' }));
    workers.add(x);
    const query = new URLSearchParams({ t: 1, sid });
    for (let again = 0; again < 3; again++) assert.strictEqual(await get(port, { path: `/?${query}` }), x);
  }
  assert.strictEqual(workers.size, 4);
});

test('a request in pieces is waited for, and a client that says nothing is served too', limit, async (t) => {
  const { port } = await serve(t, { policy: 'sticky', key: 'header:x-user' });
  const expected = await get(port, { headers: { 'x-user': 'me' } });
  const socket = net.connect(port, '127.0.0.1').setEncoding('utf8');
  for (const piece of ['GET / HTTP/1.1\r\nHo', 'st: here\r\nX-Us', 'er: me\r\n', '\r\n']) {
    socket.write(piece);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  const [answer] = await once(socket, 'data');
  assert.match(answer, new RegExp(`\r\n\r\n${expected}$`));
  socket.destroy();

  const silent = net.connect(port, '127.0.0.1').setEncoding('utf8');
  await new Promise((resolve) => setTimeout(resolve, 1500)); // The worker has it by now.
  silent.write('GET / HTTP/1.0\r\n\r\n');
  const [text] = await once(silent, 'data');
  assert.match(text, /200 OK/);
  silent.destroy();
});

test('clients that say nothing are no obstacle for those that do', limit, async (t) => {
  const { port } = await serve(t, { policy: 'sticky', key: 'header:x-user', maxUnidentified: 40, takeBackAfter });
  const users = Array.from({ length: 20 }, (_, i) => `user-${i}`);
  /** A request that comes a little after its connection. */
  const ask = async (user) => {
    const socket = net.connect(port, '127.0.0.1');
    await once(socket, 'connect');
    await new Promise((resolve) => setTimeout(resolve, 5));
    let text = '';
    socket.setEncoding('utf8').on('data', (part) => (text += part));
    socket.end(`GET / HTTP/1.1\r\nHost: here\r\nX-User: ${user}\r\nConnection: close\r\n\r\n`);
    await once(socket, 'close');
    return text.split('\r\n\r\n')[1];
  };
  const usual = await Promise.all(users.map(ask));
  const silent = Array.from({ length: 100 }, () => net.connect(port, '127.0.0.1').on('error', () => {}));
  t.after(() => silent.forEach((socket) => socket.destroy()));
  await Promise.all(silent.map((socket) => once(socket, 'connect')));
  assert.deepStrictEqual(await Promise.all(users.map(ask)), usual);
});

/** A supervised service with 12 users, and what can be asked of it. */
async function superviseUsers(t, key) {
  const file = write(t, primary, { scheduling: { policy: 'sticky', key, takeBackAfter } });
  const program = startOurs(t, [file]);
  const [, port] = await program.line(/^port (\d+)/);
  const users = Array.from({ length: 12 }, (_, i) => `user-${i}`);
  const agents = users.map(() => new http.Agent({ keepAlive: true, maxSockets: 1 }));
  t.after(() => agents.forEach((agent) => agent.destroy()));
  const askAll = (kept) =>
    Promise.all(
      users.map((user, i) =>
        get(port, { agent: kept ? agents[i] : false, headers: { 'x-user': user }, path: `/?user=${user}` }),
      ),
    );
  return { program, askAll };
}

function primary({ scheduling }) {
  const cluster = require('cluster');
  if (cluster.isPrimary) {
    cluster.setupPrimary({ exec: __filename, scheduling });
    cluster.once('listening', (worker, { port }) => (cluster.port = port));
    const supervisor = cluster.supervise({ workers: 4 });
    supervisor.once('ready', () => console.log(`port ${cluster.port}`));
    const tell = () => supervisor.reload().then(() => console.log('reloaded'));
    require('readline').createInterface(process.stdin).on('line', tell);
  } else {
    const server = require('http').createServer((request, response) => response.end(`${cluster.worker.id}`));
    server.keepAliveTimeout = 60_000;
    server.listen(0, '127.0.0.1');
  }
}

for (const key of ['header:x-user', 'query:user']) {
  test(`by ${key}, a reload moves each client once, on connections old and new`, limit, async (t) => {
    const { program, askAll } = await superviseUsers(t, key);
    const before = await askAll(true);
    assert.deepStrictEqual(await askAll(false), before);
    // Each worker's successor has the clients of its place, and nobody else's.
    for (let reloads = 1; reloads <= 2; reloads++) {
      program.tell('reload');
      await program.line(/^reloaded/, reloads);
      const expected = before.map((worker) => `${Number(worker) + 4 * reloads}`);
      assert.deepStrictEqual(await askAll(false), expected);
      assert.deepStrictEqual(await askAll(true), expected);
    }
  });
}

test('socket.io with long polling finds its worker', limit, async (t) => {
  const { io } = require('socket.io-client');
  const file = path.join(__dirname, 'packages', 'socket-io-polling.js');
  const program = startOurs(t, [file], { env: { NODE_CLUSTER_SCHED_POLICY: 'sticky:query:sid' } });
  const [, port] = await program.line(/^port (\d+)/);
  const workers = new Set();
  const clients = Array.from({ length: 16 }, async () => {
    const socket = io(`http://127.0.0.1:${port}`, { transports: ['polling'], reconnection: false });
    t.after(() => socket.close());
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('connect_error', reject));
    const { id } = socket;
    for (let i = 0; i < 10; i++) {
      const [number, worker] = await socket.timeout(PATIENCE).emitWithAck('echo', i);
      assert.strictEqual(number, i);
      workers.add(worker);
    }
    assert.strictEqual(socket.id, id);
  });
  await Promise.all(clients);
  assert.strictEqual(workers.size, 4);
});

test('the program chooses, and where it does not, round robin does', limit, async (t) => {
  const { port, tell, program } = await serve(t);
  const setPatience = (milliseconds) =>
    tell(`cluster.setupPrimary({ scheduling: { takeBackAfter: ${milliseconds} } })`);
  await setPatience(10_000);
  await tell(
    'cluster.setScheduler(({ remoteAddress, remotePort, localPort }, workers) => { console.log(`asked ${remoteAddress} ${remotePort > 0} ${localPort} ${workers.length}`); return workers[2]; })',
  );
  for (let i = 0; i < 5; i++) assert.strictEqual(await get(port), '3');
  assert.strictEqual(program.lines(new RegExp(`^asked 127.0.0.1 true ${port} 4`)).length, 5);
  await tell('cluster.setScheduler(() => undefined)');
  assert.strictEqual(new Set(await getMany(40, port)).size, 4);
  await tell('cluster.setScheduler((connection, workers) => workers[0])');
  await setPatience(20);
  // It can't say while the primary is busy.
  const freeAgain = tell('for (const end = Date.now() + 3000; Date.now() < end; );');
  const begin = Date.now();
  const busy = [];
  while (Date.now() < begin + 2000) busy.push(await get(port));
  assert.ok(new Set(busy).size === 4, `${new Set(busy).size} of 4 in ${busy.length}`);
  await freeAgain;
  await setPatience(10_000);
  assert.strictEqual(await get(port), '1');
  await tell('cluster.setScheduler(null)');
  assert.strictEqual(new Set(await getMany(40, port)).size, 4);
});

test('what a scheduler throws is an uncaught exception', limit, async (t) => {
  const { port, tell, program } = await serve(t);
  await tell("process.on('uncaughtException', ({ message }) => console.log(`caught ${message}`))");
  await tell("cluster.setScheduler(() => { throw new Error('what?'); })");
  assert.match(await get(port), /[1234]/);
  await program.line(/^caught what\?/);
});

test('a paused worker gets no connection and keeps those it has', limit, async (t) => {
  const { port, tell } = await serve(t, { workers: 2 });
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  const of = await get(port, { agent });
  await tell(`cluster.workers[${of}].pause()`);
  for (let i = 0; i < 6; i++) assert.notStrictEqual(await get(port), of);
  assert.strictEqual(await get(port, { agent }), of);
  // When all are, clients wait.
  await tell(`Object.values(cluster.workers).map((worker) => worker.pause())`);
  let answered = false;
  const waits = get(port).then((text) => {
    answered = true;
    return text;
  });
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.strictEqual(answered, false);
  await tell(`cluster.workers[${of}].resume()`);
  assert.strictEqual(await waits, of);
});

test('a weight is a share', limit, async (t) => {
  const { port, tell } = await serve(t, { workers: 2 });
  await tell('cluster.workers[1].weight = 3');
  const answers = [];
  for (let i = 0; i < 200; i++) answers.push(await get(port));
  const share = answers.filter((worker) => worker === '1').length;
  assert.ok(share >= 140 && share <= 160, `${share} of 200`);
});

test('with least connections a worker that keeps its connections gets fewer', limit, async (t) => {
  const { port } = await serve(t, { workers: 2, policy: 'least' });
  const stay = () =>
    new Promise((resolve, reject) => {
      const request = http.get({ host: '127.0.0.1', port, path: '/stay', agent: false }, (response) => {
        t.after(() => request.destroy());
        response.setEncoding('utf8').once('data', resolve);
        response.on('error', () => {});
      });
      request.on('error', reject);
    });
  const kept = [];
  for (let i = 0; i < 10; i++) kept.push(await stay());
  assert.strictEqual(kept.filter((worker) => worker === '1').length, 5);
});

test('with least connections the share of a slow worker falls', limit, async (t) => {
  const shares = {};
  for (const policy of ['rr', 'least']) {
    const { port } = await serve(t, { workers: 3, policy });
    let isOver = false;
    const answers = [];
    const client = async () => {
      while (!isOver) answers.push(await get(port, { path: '/slow-on-1' }));
    };
    const clients = Promise.all(Array.from({ length: 12 }, client));
    await until(() => answers.length > 300, 'answers');
    isOver = true;
    await clients;
    shares[policy] = answers.filter((worker) => worker === '1').length / answers.length;
  }
  assert.ok(shares.least < shares.rr / 2, JSON.stringify(shares));
});

test('datagrams are spread by their sender', limit, async (t) => {
  const program = startOurs(t, [
    write(t, () => {
      const cluster = require('cluster');
      const dgram = require('dgram');
      if (cluster.isPrimary) {
        cluster.setupPrimary({ scheduling: { spreadDatagrams: true } });
        for (let i = 0; i < 3; i++) cluster.fork();
        let ready = 0;
        cluster.on('listening', (worker, { port }) => ++ready === 3 && console.log(`port ${port}`));
        cluster.on('exit', () => console.log('gone'));
        process.stdin.on('data', () => cluster.workers[1].kill());
      } else {
        const socket = dgram.createSocket('udp4');
        socket.on('message', (message, { port }) => socket.send(`${cluster.worker.id}`, port, '127.0.0.1'));
        socket.bind(0, '127.0.0.1');
      }
    }),
  ]);
  const [, port] = await program.line(/^port (\d+)/);
  const ask = async (socket) => {
    const answer = once(socket, 'message');
    socket.send('?', port, '127.0.0.1');
    const [message] = await answer;
    return String(message);
  };
  const senders = Array.from({ length: 60 }, () => require('node:dgram').createSocket('udp4'));
  t.after(() => senders.forEach((socket) => socket.close()));
  const before = await Promise.all(senders.map(ask));
  assert.strictEqual(new Set(before).size, 3);
  for (let i = 0; i < 3; i++) assert.deepStrictEqual(await Promise.all(senders.map(ask)), before);
  program.tell('');
  await program.line(/^gone/);
  const after = await Promise.all(senders.map(ask));
  assert.deepStrictEqual([...new Set(after)].sort(), ['2', '3']);
});

/** One worker, paused before it binds, that sends a datagram at once if it is told to, and says who it is when it gets one. */
function pausedReceiver(sends) {
  const cluster = require('cluster');
  const dgram = require('dgram');
  if (cluster.isPrimary) {
    cluster.setupPrimary({ scheduling: { spreadDatagrams: true } });
    const worker = cluster.fork();
    worker.pause();
    worker.on('message', ({ port }) => {
      worker.resume();
      console.log(`port ${port}`);
    });
    process.on('warning', ({ code, message }) => console.log(code, message));
  } else {
    const socket = dgram.createSocket('udp4');
    socket.on('message', (message, { port }) => socket.send(`${cluster.worker.id}`, port, '127.0.0.1'));
    socket.bind(0, '127.0.0.1', () => {
      const { port } = socket.address();
      if (sends) socket.send('early', 9, '127.0.0.1', () => process.send({ port }));
      else process.send({ port });
    });
  }
}

test('the first worker, paused before it binds, gets all datagrams when it is resumed', limit, async (t) => {
  const program = startOurs(t, [write(t, pausedReceiver, false)]);
  const [, port] = await program.line(/^port (\d+)/);
  const senders = Array.from({ length: 30 }, () => require('node:dgram').createSocket('udp4'));
  t.after(() => senders.forEach((socket) => socket.close()));
  await Promise.all(
    senders.map((socket) => {
      const answer = once(socket, 'message');
      socket.send('?', port, '127.0.0.1');
      return answer;
    }),
  );
});

test('one that has sent before can not receive, which is said', limit, async (t) => {
  const program = startOurs(t, [write(t, pausedReceiver, true)]);
  await program.line(
    /^CLUSTER_RS_DISPATCHER Worker 1 receives no datagrams at 127\.0\.0\.1:\d+, since it has sent from that socket/,
  );
});

for (const [what, scheduling, error] of [
  [
    'a policy',
    { policy: 'random' },
    "ERR_INVALID_ARG_VALUE The property 'scheduling.policy' must be one of: 'none', 'rr', 'least', 'sticky'. Received 'random'",
  ],
  [
    'a key',
    { policy: 'sticky', key: 'body' },
    "ERR_INVALID_ARG_VALUE The property 'scheduling.key' must be one of: 'ip', 'header:NAME', 'cookie:NAME', 'query:NAME'. Received 'body'",
  ],
  [
    'a number',
    { maxUnidentified: 0 },
    'ERR_OUT_OF_RANGE The value of "scheduling.maxUnidentified" is out of range. It must be >= 1 && <= 1048576. Received type number (0)',
  ],
  [
    'a setting',
    { polizy: 'rr' },
    "ERR_INVALID_ARG_VALUE The property 'scheduling.polizy' is unknown: there are policy, key, maxUnidentified, takeBackAfter, maxWait, rebalance, spreadDatagrams",
  ],
  [
    'a kind',
    'sticky',
    `ERR_INVALID_ARG_TYPE The "settings.scheduling" argument must be of type object. Received type string ('sticky')`,
  ],
]) {
  test(`${what} that is wrong is an error that says what is right`, limit, async (t) => {
    const source = `try { require('cluster').setupPrimary({ scheduling: ${JSON.stringify(scheduling)} }); } catch ({ code, message }) { console.log(code, message); }`;
    const program = startOurs(t, [write(t, source)]);
    await program.end();
    assert.strictEqual(program.stdout.trim(), error);
  });
}

test('so is one in the environment, if it is meant for this module', limit, async (t) => {
  const source = "try { require('cluster').setupPrimary(); } catch ({ code, message }) { console.log(code, message); }";
  const program = startOurs(t, [write(t, source)], { env: { NODE_CLUSTER_SCHED_POLICY: 'sticky:sid' } });
  await program.end();
  assert.match(
    program.stdout,
    /^ERR_INVALID_ARG_VALUE The property 'NODE_CLUSTER_SCHED_POLICY' must be one of: .*'sticky:query:NAME'\. Received 'sticky:sid'/,
  );
});
