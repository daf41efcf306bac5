'use strict';

// The programs that people learn `cluster` from, unchanged and started by `node -r`: what their README's table says.

const assert = require('node:assert');
const { once } = require('node:events');
const { before, describe, it } = require('node:test');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { setTimeout: delay } = require('node:timers/promises');
const {
  childrenOf,
  descriptorsOf,
  get,
  getMany,
  gone,
  isAlive,
  isFree,
  kill,
  root,
  startOurs,
  until,
} = require('./support.js');

// They lie beside the project, and are not a part of it.
const folder = process.env.DOC_EXAMPLES ?? path.join(root, '..', 'shared', 'doc-examples');
const skip = !fs.existsSync(folder) && `there is no folder ${folder}`;

const workers = os.cpus().length;
const parallel = os.availableParallelism(); // What 3-esm.mjs asks for.

/** Waits for other runs of this suite to end. The kernel gives the name back when its holder ends, however it does. */
async function takeTurn() {
  const turn = net.createServer().unref();
  const taken = () =>
    new Promise((resolve) =>
      turn.once('error', () => resolve(false)).listen('\0cluster-rs-doc-examples', () => resolve(true)),
    );
  await until(taken, 'another run of this suite to end', 600_000);
}

/** Starts a program once its port is free. */
async function startExample(t, file, port) {
  if (port !== undefined) {
    const taken = `port ${port} to become free: somebody else listens there, and ${file} can listen nowhere else`;
    await until(() => isFree(port), taken, 120_000);
  }
  return startOurs(t, [file], { cwd: folder, env: { NODE_PATH: path.join(root, 'node_modules') } });
}

/** The number of the socket at the other end of a connection to 127.0.0.1, as descriptors show it. */
function otherEnd(socket) {
  const hex = (port) => port.toString(16).toUpperCase().padStart(4, '0');
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of fs.readFileSync(table, 'utf8').split('\n').slice(1, -1)) {
      const [, local, remote, , , , , , , inode] = line.trim().split(/\s+/);
      if (local.endsWith(`:${hex(socket.remotePort)}`) && remote.endsWith(`:${hex(socket.localPort)}`)) return inode;
    }
  }
  return undefined;
}

/** Makes a request on a new connection. Once the answer matches, gives those of these processes that have the connection. */
async function findHolders(port, pattern, pids) {
  const socket = net.connect(port, '127.0.0.1').setEncoding('utf8');
  try {
    await once(socket, 'connect');
    let text = '';
    socket.on('data', (part) => (text += part));
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await until(
      () => pattern.test(text),
      () => `${pattern} in ${text}`,
    );
    const name = `socket:[${otherEnd(socket)}]`;
    return pids.filter((pid) => [...descriptorsOf(pid).values()].includes(name));
  } finally {
    socket.destroy();
  }
}

/** Asks until each of these processes has answered. `findPids` gives who did in one round of requests. */
async function askEverybody(pids, findPids) {
  const left = new Set(pids.map(Number));
  const everybody = async () => {
    const answered = await findPids().catch((error) => {
      if (error.code !== 'ECONNREFUSED') throw error;
      return []; // Nobody listens yet.
    });
    for (const pid of answered) left.delete(pid);
    return left.size === 0;
  };
  await until(everybody, () => `an answer of ${[...left]}`);
}

/** For answers that say who gives them. */
function askByPid(port, pids, pattern) {
  return askEverybody(pids, async () => pidsIn(await getMany(pids.length, port), pattern));
}

/** For answers that don't: it is the one that has the connection, alone. */
function askByConnection(port, program, pattern) {
  const pids = childrenOf(program.pid);
  return askEverybody(pids, async () => {
    const holders = await findHolders(port, pattern, [program.pid, ...pids]);
    assert.strictEqual(holders.length, 1, 'one process has the connection');
    return holders;
  });
}

function pidsIn(answers, pattern) {
  return answers.map((answer) => Number(pattern.exec(answer)[1]));
}

/** Stops a program as Ctrl+C does. Neither it nor a worker of it is left. */
async function stopExample(program) {
  const family = [program.pid, ...childrenOf(program.pid)];
  process.kill(-program.pid, 'SIGINT');
  await gone(family);
}

/** Kills a worker; gives the others' pids, with that of the one that takes its place. All print `Worker <pid> started`. */
async function killOne(program, pattern) {
  const started = () => program.lines(/^Worker (\d+) started$/).map(([, pid]) => pid);
  await until(
    () => started().length >= workers,
    () => `${workers} workers:${program.output}`,
  );
  const [victim] = started();
  await kill(Number(victim));
  await program.line(pattern(victim));
  await program.line(/^Worker (\d+) started$/, workers + 1);
  return started().filter((pid) => pid !== victim);
}

describe('the original programs', { skip, concurrency: 1 }, () => {
  before(takeTurn, { timeout: 660_000 });

  it("1-tasks.js: 'Hello, world!' from every worker", { timeout: 240_000 }, async (t) => {
    const program = await startExample(t, '1-tasks.js', 3000);
    await until(
      () => childrenOf(program.pid).length === workers,
      () => `${workers} workers`,
    );
    await askByConnection(3000, program, /^HTTP\/1\.1 200 OK\r\n[^]*Hello, world!/);
    await stopExample(program);
    assert.strictEqual(program.output, '\n');
  });

  it(
    "2-messages.js: one 'processing_completed' for each worker; it runs until stopped",
    { timeout: 240_000 },
    async (t) => {
      const program = await startExample(t, '2-messages.js');
      await program.line(/^Received/, workers);
      await delay(1000);
      assert.ok(isAlive(program.pid));
      assert.strictEqual(childrenOf(program.pid).length, workers);
      await stopExample(program);
      const expected = Array.from(
        { length: workers },
        (_, i) => `Received message from worker ${i + 1}: processing_completed`,
      );
      assert.deepStrictEqual(program.stdout.trim().split('\n').sort(), expected.sort());
      assert.strictEqual(program.stderr, '');
    },
  );

  it("3-esm.mjs: each worker prints 'Hello worker'", { timeout: 240_000 }, async (t) => {
    const program = await startExample(t, '3-esm.mjs', 8000);
    await program.line(/^Worker received: {2}\{ msg: 'Hello worker' \}$/, parallel);
    await askByConnection(8000, program, /^HTTP\/1\.1 200 OK\r\n[^]*hello world\n/);
    if (parallel > 1) {
      const [[, victim]] = program.lines(/^Worker (\d+) started$/);
      await kill(Number(victim));
      await program.line(new RegExp(`^worker ${victim} died$`));
      assert.deepStrictEqual(await getMany(20, 8000), Array(20).fill('hello world\n'));
    }
    await stopExample(program);
    for (const pattern of [
      /^Primary \d+ is running$/,
      /^Primary forked worker: {2}\d+$/,
      /^Worker \d+ started$/,
      /^Worker received/,
    ]) {
      assert.strictEqual(
        program.lines(pattern).length,
        pattern.source.includes('running') ? 1 : parallel,
        program.output,
      );
    }
    assert.strictEqual(program.stderr, '');
  });

  it('4-express.js: a killed worker is replaced and serves again', { timeout: 240_000 }, async (t) => {
    const program = await startExample(t, '4-express.js', 3000);
    const others = await killOne(program, (pid) => new RegExp(`^Worker ${pid} died\\. Restarting\\.\\.\\.$`));
    assert.strictEqual(others.length, workers);
    await askByPid(3000, others, /^Hello from Worker (\d+)$/);
    await stopExample(program);
    assert.strictEqual(program.stderr, '');
  });

  it('5-load.js: a killed worker is replaced', { timeout: 240_000 }, async (t) => {
    const program = await startExample(t, '5-load.js', 8000);
    const others = await killOne(program, (pid) => new RegExp(`^Worker ${pid} died$`));
    assert.strictEqual(program.lines(/^Forking a new worker\.\.\.$/).length, 1);
    await askByPid(8000, others, /^Hello from Worker (\d+)\n$/);
    await stopExample(program);
    assert.strictEqual(program.stderr, '');
  });

  it(
    '6-counts.js: a line for each request; after 10 s each worker prints its own count',
    { timeout: 240_000 },
    async (t) => {
      const program = await startExample(t, '6-counts.js', 8000);
      await program.line(/^Worker \d+ started$/, workers);
      await until(() => get(8000).catch(() => ''), 'the first answer');
      const local = new Map();
      for (const answer of await getMany(50, 8000)) {
        const [, pid, count] = /^Hello from Worker (\d+), I've handled (\d+) requests locally\n$/.exec(answer);
        local.set(pid, Math.max(local.get(pid) ?? 0, Number(count)));
      }
      const handled = /^Worker (\d+) \(pid (\d+)\) has handled (\d+) requests$/;
      await program.line(handled, 51);
      const counted = new Map(program.lines(handled).map(([, , pid, count]) => [pid, Number(count)]));
      for (const [pid, count] of local) assert.strictEqual(counted.get(pid), count);
      assert.strictEqual(
        [...counted.values()].reduce((sum, count) => sum + count),
        51,
      );

      const told = /^Worker (\d+) has handled (\d+) requests according to master$/;
      await program.line(told, workers, 60_000);
      await program.line(/^Total request counts: \{/);
      // On a slow machine, the first ten seconds may have ended before the last request.
      const agrees = () => {
        const last = new Map(program.lines(told).map(([, pid, count]) => [pid, Number(count)]));
        return last.size === workers && [...last].every(([pid, count]) => count === (counted.get(pid) ?? 0));
      };
      await until(agrees, () => `the same counts as in:${program.output}`);

      const others = await killOne(program, (pid) => new RegExp(`^Worker ${pid} died$`));
      await askByPid(8000, others, /^Hello from Worker (\d+),/);
      await stopExample(program);
      assert.strictEqual(program.stderr, '');
    },
  );

  it(
    '7-zero-downtime.js: after 20 s every worker is replaced, and no request fails',
    { timeout: 240_000 },
    async (t) => {
      const program = await startExample(t, '7-zero-downtime.js', 8000);
      const answer = /^Worker (\d+) responding, uptime: [\d.]+ seconds\n$/;
      await program.line(/^Worker \d+ started$/, workers);
      await until(() => get(8000).catch(() => ''), 'the first answer');

      // One that dies is replaced, too.
      const [[, victim]] = program.lines(/^Worker (\d+) started$/);
      await kill(Number(victim));
      await program.line(new RegExp(`^Worker ${victim} died unexpectedly, replacing it\\.\\.\\.$`));
      await program.line(/^Worker \d+ started$/, workers + 1);
      const old = program
        .lines(/^Worker (\d+) started$/)
        .map(([, pid]) => pid)
        .filter((pid) => pid !== victim);
      await askByPid(8000, old, answer);

      let finished = false;
      let answered = 0;
      const load = Array.from({ length: 8 }, async () => {
        while (!finished) {
          assert.match(await get(8000), answer);
          answered++;
        }
      });
      const restarted = (async () => {
        await program.line(/^Starting zero-downtime restart\.\.\.$/, 1, 60_000);
        const before = answered;
        await program.line(/^All workers restarted successfully!$/, 1, 30_000 + 5_000 * workers);
        return answered - before;
      })();
      try {
        const meanwhile = await Promise.race([restarted, Promise.all(load)]);
        assert.ok(meanwhile > workers, 'requests were made during the restart');
      } finally {
        finished = true;
      }
      await Promise.all(load);
      await gone(old.map(Number), 30_000);

      const young = program
        .lines(/^Worker (\d+) started$/)
        .map(([, pid]) => pid)
        .slice(-workers);
      assert.deepStrictEqual(
        young.filter((pid) => old.includes(pid)),
        [],
      );
      await askByPid(8000, young, answer);
      assert.deepStrictEqual(childrenOf(program.pid).map(String).sort(), young.sort());
      await stopExample(program);
      assert.strictEqual(program.stderr, '');
    },
  );
});
