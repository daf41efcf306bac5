'use strict';

// What is near to `cluster` and not a part of it works as before: the inspector, `child_process.fork`, threads.

const assert = require('node:assert');
const { describe, it } = require('node:test');
const http = require('node:http');
const {
  cleanEnvironment,
  freePort,
  get,
  isFree,
  register,
  run,
  start,
  startOurs,
  until,
  write,
} = require('./support.js');

const timeout = 60_000;

describe('child_process.fork', () => {
  /** Forks itself from the primary and from a worker; both children say what they are. */
  function program({ serialization }) {
    const childProcess = require('node:child_process');
    const cluster = require('cluster');
    const fs = require('node:fs');

    if (process.argv[2] === 'child') {
      process.on('message', (message, handle) => {
        const left = Object.keys(process.env).filter((name) => /^(CLUSTER_RS|NODE_UNIQUE_ID|NODE_CHANNEL)/.test(name));
        process.send({
          echo: message,
          primary: cluster.isPrimary,
          left,
          execArgv: process.execArgv,
          handle: handle?.constructor.name,
        });
        process.disconnect();
      });
      return;
    }
    function forkChild(name, done) {
      const child = childProcess.fork(__filename, ['child'], { serialization });
      const shape = {
        isChildProcess: child instanceof childProcess.ChildProcess,
        connected: child.connected,
        spawnargs: child.spawnargs.slice(1, -2),
      };
      child.send({ number: 1, text: 'ü', list: [null, true] });
      child.on('message', (message) => fs.writeSync(1, `${name} ${JSON.stringify({ message, shape })}\n`));
      child.on('close', (code, signal) => {
        fs.writeSync(1, `${name} close ${code} ${signal} ${child.connected}\n`);
        done();
      });
    }
    if (cluster.isPrimary) forkChild('primary', () => cluster.fork());
    else forkChild('worker', () => process.disconnect());
  }

  for (const serialization of ['json', 'advanced']) {
    it(`${serialization}: as on the built-in module, in the primary and in a worker`, { timeout }, async (t) => {
      const file = write(t, program, { serialization });
      const expected = await run(t, [file]);
      const ours = await run(t, [file], { builtin: false });
      assert.match(expected.stdout, /worker close 0 null false/);
      assert.deepStrictEqual(ours, expected);
    });
  }

  it('through NODE_OPTIONS, the child loads it and is no worker', { timeout }, async (t) => {
    const file = write(t, program, { serialization: 'json' });
    const { stdout, stderr } = await run(t, [file], { env: { NODE_OPTIONS: `-r ${register}` } });
    assert.strictEqual(stderr, '');
    const messages = stdout
      .split('\n')
      .filter((line) => line.includes('{'))
      .map((line) => JSON.parse(line.slice(line.indexOf('{'))).message);
    assert.deepStrictEqual(
      messages.map(({ primary, left }) => [primary, left]),
      [
        [true, []],
        [true, []],
      ],
    );
  });
});

describe('the inspector', () => {
  /** Says where the inspectors of the primary and of its two workers listen. */
  function program() {
    const cluster = require('cluster');
    const inspector = require('node:inspector');
    const fs = require('node:fs');

    const url = inspector.url();
    const name = cluster.isPrimary ? 'primary' : `worker${cluster.worker.id}`;
    fs.writeSync(1, `${name} ${process.debugPort} ${url && new URL(url).port} ${process.execArgv.join(' ')}\n`);
    if (cluster.isPrimary) {
      cluster.fork().once('online', () => cluster.fork());
      process.stdin.on('end', () => process.exit()).resume();
    } else {
      setInterval(() => {}, 1000);
    }
  }

  /** Three ports in a row that nobody listens on. */
  async function freePorts() {
    let port;
    await until(async () => {
      port = await freePort();
      return port < 65_000 && (await isFree(port + 1)) && (await isFree(port + 2));
    }, 'three free ports');
    return port;
  }

  for (const launch of [start, startOurs]) {
    it(`${launch.name}: --inspect counts the ports up, and each answers`, { timeout }, async (t) => {
      const port = await freePorts();
      const primary = launch(t, [`--inspect=${port}`, write(t, program)]);
      await primary.line(/^worker2/);
      const lines = primary.stdout
        .trim()
        .split('\n')
        .map((line) => line.split(' ', 3));
      const expected = ['primary', 'worker1', 'worker2'].map((name, i) => [name, `${port + i}`, `${port + i}`]);
      assert.deepStrictEqual(lines, expected);
      for (const i of [0, 1, 2]) {
        const list = JSON.parse(await get(port + i, { path: '/json/list' }));
        assert.strictEqual(list[0].type, 'node');
      }
      assert.strictEqual(primary.stderr.match(/^Debugger listening on/gm).length, 3);
      primary.child.stdin.end();
      assert.strictEqual(await primary.end(), 0);
    });

    it(`${launch.name}: a signal opens it in the primary and in the workers`, { timeout }, async (t) => {
      const port = await freePorts();
      const primary = launch(t, [`--inspect-port=${port}`, write(t, program)]);
      await primary.line(/^worker2/);
      await new Promise((resolve) => setTimeout(resolve, 200));
      process.kill(primary.pid, 'SIGUSR1');
      await until(
        () => primary.stderr.match(/^Debugger listening on/gm)?.length === 3,
        () => `three inspectors in:${primary.output}`,
      );
      for (const i of [0, 1, 2]) assert.strictEqual(JSON.parse(await get(port + i, { path: '/json/list' })).length, 1);
    });
  }

  it('node inspect: a program is debugged', { timeout }, async (t) => {
    const port = await freePort();
    const file = write(t, () => {
      const cluster = require('cluster');
      const answer = cluster.native;
      console.log(`the answer is ${answer}`);
      process.exit();
    });
    const env = { ...cleanEnvironment(), NODE_OPTIONS: `-r ${register}` };
    const debug = start(t, ['inspect', `--port=${port}`, file], { env });
    const shows = (text) =>
      until(
        () => debug.stdout.includes(text),
        () => `'${text}' in:${debug.output}`,
      );
    await shows('Break on start');
    debug.tell('cont');
    await shows('the answer is true');
    debug.tell('.exit');
    await debug.end();
  });
});

it('a worker may have threads and servers in them', { timeout }, async (t) => {
  const program = () => {
    const cluster = require('cluster');
    const http = require('node:http');
    const { isMainThread, Worker } = require('node:worker_threads');
    if (!isMainThread) {
      const server = http.createServer((request, response) => response.end('thread'));
      server.listen(0, '127.0.0.1', () => console.log(`thread ${server.address().port}`));
      return;
    }
    if (cluster.isPrimary) cluster.fork();
    else new Worker(__filename);
  };
  const primary = startOurs(t, [write(t, program)]);
  const [, port] = await primary.line(/^thread (\d+)$/);
  assert.strictEqual(await get(Number(port), { agent: new http.Agent() }), 'thread');
  assert.strictEqual(primary.stderr, '');
});
