'use strict';

// The programs in examples/, as their readers run them.

const assert = require('node:assert');
const dgram = require('node:dgram');
const { once } = require('node:events');
const http = require('node:http');
const path = require('node:path');
const { test } = require('node:test');
const { freePort, get, gone, isPortable, root, scratch, start, until } = require('./support.js');

const limit = { timeout: 60_000 };

/** Starts an example that prints where it answers; gives the port. */
async function example(t, name) {
  const program = start(t, [path.join(root, 'examples', name)]);
  const [, port] = await program.line(/http:\/\/127\.0\.0\.1:(\d+)/);
  return port;
}

test('examples/sticky.js: a session stays with its worker', limit, async (t) => {
  const port = await example(t, 'sticky.js');
  for (let client = 0; client < 8; client++) {
    const cookie = await new Promise((resolve, reject) => {
      const request = http.get({ host: '127.0.0.1', port, agent: false }, (response) => {
        response.resume();
        resolve(response.headers['set-cookie'][0].split(';')[0]);
      });
      request.on('error', reject);
    });
    for (let visit = 2; visit <= 5; visit++) {
      assert.match(await get(port, { headers: { cookie } }), new RegExp(`^visit ${visit}, `));
    }
  }
});

test('examples/scheduler.js: each customer has workers of his own', limit, async (t) => {
  const port = await example(t, 'scheduler.js');
  const of = async (localAddress) => {
    const workers = [];
    for (let i = 0; i < 20; i++) workers.push(await get(port, { localAddress }));
    return workers;
  };
  const have = async (localAddress, own) => {
    const workers = await of(localAddress);
    for (const worker of own) assert.ok(workers.includes(worker), `${worker} is not among ${workers}`);
    // On a machine that is busy with other things the primary may not answer in time now and then.
    assert.ok(workers.filter((worker) => own.includes(worker)).length >= 12, `${workers}`);
  };
  await have('127.0.0.1', ['1', '2']);
  await have('127.0.0.2', ['3', '4']);
  assert.ok((await of('127.0.0.3')).every((worker) => worker !== '5'));
});

test('examples/supervise.js: it reloads, survives and stops', limit, async (t) => {
  const program = start(t, [path.join(root, 'examples', 'supervise.js')]);
  const [, pid, port] = await program.line(/^(\d+) serves http:\/\/127\.0\.0\.1:(\d+)/);
  assert.match(await get(port), /^worker \d/);
  process.kill(Number(pid), 'SIGHUP');
  await program.line(/^reloaded/);
  assert.match(await get(port), /^worker \d/);
  process.kill(Number(pid), 'SIGTERM');
  assert.strictEqual(await program.end(), 0);
});

test('examples/upgrade.js: another primary takes over', { ...limit, skip: isPortable }, async (t) => {
  const port = await freePort();
  const program = start(t, [path.join(root, 'examples', 'upgrade.js')], { env: { PORT: `${port}` } });
  await program.line(/^primary \d+ on Node/);
  process.kill(program.pid, 'SIGUSR2');
  assert.strictEqual(await program.exited, 0);
  const [, next] = /^primary (\d+)\n$/.exec(await get(port));
  assert.notStrictEqual(Number(next), program.pid);
  process.kill(Number(next), 'SIGTERM');
  await gone([Number(next)]);
});

test('examples/drain.js: one connection sees worker after worker', limit, async (t) => {
  const program = start(t, [path.join(root, 'examples', 'drain.js')], { env: { EVERY: '500' } });
  const [, port] = await program.line(/http:\/\/127\.0\.0\.1:(\d+)/);
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  const sockets = new Set();
  agent.on('free', (socket) => sockets.add(socket));
  const workers = new Set();
  await until(async () => workers.add(await get(port, { agent })).size >= 4, 'four workers');
  assert.strictEqual(sockets.size, 1);
});

test('examples/server.js and cluster.config.js: the command runs them', limit, async (t) => {
  const args = [path.join(root, 'bin', 'cluster-rs.js'), '--config', path.join(root, 'examples', 'cluster.config.js')];
  const program = start(t, args, { env: { XDG_RUNTIME_DIR: scratch(t) } });
  const [, worker, port] = await program.line(/^(\d) \| process \d+ answers on http:\/\/127\.0\.0\.1:(\d+)/);
  assert.match(worker, /[123]/);
  assert.match(await get(port), /^hello from process \d+\n/);
  process.kill(program.pid, 'SIGTERM');
  assert.strictEqual(await program.end(), 0);
});

test('examples/datagrams.js: a sender stays with its worker', limit, async (t) => {
  const program = start(t, [path.join(root, 'examples', 'datagrams.js')]);
  const [, port] = await program.line(/udp:\/\/127\.0\.0\.1:(\d+)/);
  const workers = new Set();
  for (let sender = 0; sender < 30; sender++) {
    const socket = dgram.createSocket('udp4');
    const answers = new Set();
    for (let i = 0; i < 3; i++) {
      const answer = once(socket, 'message');
      socket.send('visits', port, '127.0.0.1');
      const [message] = await answer;
      answers.add(/worker (\d)/.exec(message)[1]);
    }
    socket.close();
    assert.strictEqual(answers.size, 1);
    workers.add(...answers);
  }
  assert.strictEqual(workers.size, 3);
});

test(
  'examples/kept_alive.js: with a stuck worker, connections move where their clients wait less',
  limit,
  async (t) => {
    const run = async (rebalance) => {
      const env = { REQUESTS: '60', CLUSTER_RS_REBALANCE: rebalance };
      const program = start(t, [path.join(root, 'examples', 'kept_alive.js')], { env });
      const [, slowest] = await program.line(/99 of 100 up to (\S+) ms$/);
      const [, moved] = await program.line(/^(\d+) times/);
      assert.strictEqual(await program.end(), 0);
      return { slowest: Number(slowest), moved: Number(moved) };
    };
    const [moving, staying] = await Promise.all([run('1'), run('0')]);
    assert.ok(moving.moved > 0 && staying.moved === 0, `${moving.moved} ${staying.moved}`);
    assert.ok(moving.slowest < staying.slowest, `${moving.slowest} ${staying.slowest}`);
  },
);

test('examples/sharing.js: workers count together, and one of them reports', limit, async (t) => {
  const program = start(t, [path.join(root, 'examples', 'sharing.js')]);
  const [, port] = await program.line(/http:\/\/127\.0\.0\.1:(\d+)/);
  for (let visit = 1; visit <= 4; visit++) assert.match(await get(port), new RegExp(`^visit ${visit}, worker \\d+\n$`));
  const [, leader, , turn] = await program.line(/^(\d+) reports (\d+) visits, turn (\d+)$/);
  process.kill(Number(leader), 'SIGKILL');
  await until(
    () => program.lines(/^(\d+) reports 4 visits, turn (\d+)$/).some((line) => Number(line[2]) > Number(turn)),
    () => `another leader in:${program.output}`,
  );
});
