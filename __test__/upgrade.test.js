'use strict';

// A new primary that takes over from the one that runs. UPGRADES and CRASHES make the runs under load and with kills longer.

const assert = require('node:assert');
const dgram = require('node:dgram');
const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');
const path = require('node:path');
const { describe, test } = require('node:test');
const { setTimeout: delay } = require('node:timers/promises');
const {
  childrenOf,
  freePort,
  get,
  gone,
  isAlive,
  isFree,
  isPortable,
  root,
  run,
  scratch,
  start,
  until,
  write,
} = require('./support.js');

const upgrades = Number(process.env.UPGRADES ?? 4);
const crashes = Number(process.env.CRASHES ?? 4);
const limit = { timeout: 120_000 };
const bin = path.join(root, 'bin', 'cluster-rs.js');

/** Says which worker of which primary answers; /slow takes until the client sends the rest of what it asks. */
const app = `
  const http = require('http');
  if (require('fs').existsSync('broken')) throw new Error('broken');
  http.createServer((request, response) => {
    const answer = () => response.end(process.ppid + ' ' + process.pid);
    if (request.method === 'GET') return answer();
    response.flushHeaders();
    request.resume().on('end', answer);
  }).listen(process.env.PORT, '127.0.0.1');
`;

async function place(t, text = app) {
  const folder = scratch(t);
  fs.writeFileSync(path.join(folder, 'app.js'), text);
  const port = await freePort();
  const options = { cwd: folder, env: { XDG_RUNTIME_DIR: folder, PORT: `${port}` } };
  const command = async (...args) => {
    const { stdout, stderr, code } = await run(t, [bin, ...args], options);
    return { stdout, stderr, code };
  };
  const serve = async (...args) => {
    const program = start(t, [bin, 'app.js', ...args], options);
    await until(
      () => /is running with/.test(program.stderr),
      () => `a start of ${program.output}`,
    );
    return program;
  };
  const pid = async () => JSON.parse((await command('list', '--json')).stdout)[0].pid;
  const primary = async () => Number((await get(port)).split(' ')[0]);
  return { folder, port, command, serve, pid, primary };
}

/** A request whose answer has begun; it ends after `end`, and `answer` is what it says then. */
async function begun(port) {
  const request = http.request({ host: '127.0.0.1', port, method: 'POST', agent: false });
  request.flushHeaders();
  const response = await new Promise((resolve, reject) => request.once('response', resolve).once('error', reject));
  let text = '';
  const answer = new Promise((resolve, reject) => {
    response.setEncoding('utf8').on('data', (piece) => (text += piece));
    response.once('end', () => resolve(text)).once('error', reject);
  });
  return { answer, end: () => request.end() };
}

/** A service in the middle of an upgrade: the new primary serves, and a request, `slow`, keeps a worker of the `old` one. */
async function handingOver(t, workers, text, ...args) {
  const it = await place(t, text);
  const old = await it.serve('-w', `${workers}`, '--grace', '60s', ...args);
  const slow = await begun(it.port);
  const upgraded = it.command('upgrade');
  await until(async () => (await it.primary()) !== old.pid, 'the new primary');
  return { ...it, old, slow, upgraded, next: await it.primary() };
}

test('where there is no addon, it says so', { ...limit, skip: !isPortable }, async (t) => {
  const { command, serve } = await place(t);
  await serve('-w', '1');
  const { stderr, code } = await command('upgrade');
  assert.match(stderr, /can't be upgraded: it needs cluster-rs's addon/);
  assert.strictEqual(code, 1);
});

describe('an upgrade', { skip: isPortable }, () => {
  test('has another primary serve, which list and the other commands find', limit, async (t) => {
    const { command, serve, pid, primary } = await place(t);
    const old = await serve('-w', '2');
    assert.strictEqual(await primary(), old.pid);
    const { stdout, code } = await command('upgrade');
    const next = await pid();
    assert.deepStrictEqual([stdout, code], [`app has been upgraded, and is process ${next} now\n`, 0]);
    assert.notStrictEqual(next, old.pid);
    assert.strictEqual(await primary(), next);
    assert.strictEqual(await old.exited, 0);
    const { workers } = JSON.parse((await command('status', '--json')).stdout);
    assert.deepStrictEqual(
      workers.map(({ place, state }) => [place, state]),
      [
        [0, 'ready'],
        [1, 'ready'],
      ],
    );
    assert.strictEqual((await command('reload')).code, 0);
    assert.strictEqual((await command('upgrade')).code, 0);
    assert.strictEqual((await command('stop')).code, 0);
    await gone([next]);
  });

  test('lets what is in progress end where it is, and takes quiet connections over', limit, async (t) => {
    const { port, command, serve, primary } = await place(t);
    const old = await serve('-w', '2');
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    t.after(() => agent.destroy());
    assert.match(await get(port, { agent }), new RegExp(`^${old.pid} `));
    const [{ localPort }] = Object.values(agent.freeSockets)[0];
    const slow = await begun(port);
    const upgraded = command('upgrade');
    await until(async () => (await primary()) !== old.pid, 'the new primary');
    const answer = await get(port, { agent });
    assert.doesNotMatch(answer, new RegExp(`^${old.pid} `));
    assert.strictEqual(Object.values(agent.freeSockets)[0][0].localPort, localPort);
    assert.ok(isAlive(old.pid));
    slow.end();
    assert.match(await slow.answer, new RegExp(`^${old.pid} `));
    assert.strictEqual((await upgraded).code, 0);
    assert.strictEqual(await old.exited, 0);
  });

  test('takes over Unix sockets, UDP and ports that were given', limit, async (t) => {
    const {
      folder,
      port: udp,
      command,
      serve,
      pid,
    } = await place(
      t,
      `
        const http = require('http');
        const dgram = require('dgram');
        const fs = require('fs');
        const answer = (request, response) => response.end(String(process.ppid));
        http.createServer(answer).listen('app.socket');
        const given = http.createServer(answer).listen(0, '127.0.0.1', () => fs.writeFileSync('port', String(given.address().port)));
        const socket = dgram.createSocket('udp4', (message, { port, address }) => socket.send(String(process.ppid), port, address));
        socket.bind(process.env.PORT, '127.0.0.1');
      `,
    );
    await serve('-w', '2');
    const port = fs.readFileSync(path.join(folder, 'port'), 'utf8');
    assert.strictEqual((await command('upgrade')).code, 0);
    const next = `${await pid()}`;
    assert.strictEqual(fs.readFileSync(path.join(folder, 'port'), 'utf8'), port);
    assert.strictEqual(await get(port), next);
    assert.strictEqual(await get(undefined, { socketPath: path.join(folder, 'app.socket') }), next);
    const client = dgram.createSocket('udp4');
    t.after(() => client.close());
    const said = new Promise((resolve) => client.once('message', (text) => resolve(`${text}`)));
    client.send('?', udp, '127.0.0.1');
    assert.strictEqual(await said, next);
    assert.strictEqual((await command('stop')).code, 0);
    assert.ok(!fs.existsSync(path.join(folder, 'app.socket')));
  });

  test('keeps what the workers print, and its counters', limit, async (t) => {
    const { port, command, serve } = await place(t, `console.log('worker', require('cluster').worker.id); ${app}`);
    const admin = await freePort();
    const requests = async () => {
      const text = await get(admin, { path: '/metrics' });
      const values = [...text.matchAll(/^cluster_worker_requests_total\{.*\} (\d+)/gm)].map(([, value]) =>
        Number(value),
      );
      return values.reduce((sum, value) => sum + value, 0);
    };
    await serve('-w', '2', '--admin', `${admin}`);
    for (let i = 0; i < 10; i++) await get(port);
    await until(async () => (await requests()) === 10, 'ten requests');
    assert.strictEqual((await command('upgrade')).code, 0);
    assert.strictEqual(await requests(), 10);
    for (let i = 0; i < 5; i++) await get(port);
    await until(async () => (await requests()) === 15, 'fifteen requests');
    const { stdout } = await command('logs', '--no-follow');
    for (const id of [1, 2, 3, 4]) assert.match(stdout, new RegExp(`^${id} \\| worker ${id}$`, 'm'));
  });

  test('is followed by logs, which goes on with what the new workers print', limit, async (t) => {
    const { folder, command, port, primary, serve } = await place(t, `console.log('first'); ${app}`);
    const old = await serve('-w', '1');
    const logs = start(t, [bin, 'logs'], { cwd: folder, env: { XDG_RUNTIME_DIR: folder } });
    await until(
      () => logs.stdout === '1 | first\n',
      () => `the first line in ${logs.output}`,
    );
    fs.writeFileSync(
      path.join(folder, 'app.js'),
      `console.log('second'); process.on('SIGUSR2', () => console.log('third')); ${app}`,
    );
    assert.strictEqual((await command('upgrade')).code, 0);
    await until(
      () => /second/.test(logs.stdout),
      () => `the second line in ${logs.output}`,
    );
    assert.notStrictEqual(await primary(), old.pid);
    process.kill(Number((await get(port)).split(' ')[1]), 'SIGUSR2');
    await until(
      () => /third/.test(logs.stdout),
      () => `the third line in ${logs.output}`,
    );
    assert.strictEqual(logs.stdout, '1 | first\n2 | second\n2 | third\n');
    assert.strictEqual((await command('stop')).code, 0);
    await logs.exited;
  });

  describe('while both primaries have workers that print, logs', { concurrency: 2 }, () => {
    const printing = `
      let count = 0;
      setInterval(() => console.log('line', process.pid, ++count), 4); // A thousand of them, which are kept, is longer than a start.
      ${app}
    `;

    /** How much each worker has printed, in the order of their first lines; each line is the next one of its worker's. */
    function counts({ stdout }) {
      const found = new Map();
      for (const [, pid, number] of stdout.matchAll(/^\d+ \| line (\d+) (\d+)\n/gm)) {
        assert.strictEqual(Number(number), (found.get(pid) ?? 0) + 1, `of process ${pid}`);
        found.set(pid, Number(number));
      }
      return [...found.values()];
    }

    /** Asks for all that is printed, while the service goes on. */
    async function follow(t, { folder }) {
      const logs = start(t, [bin, 'logs', '-n', '1000'], { cwd: folder, env: { XDG_RUNTIME_DIR: folder } });
      await until(
        () => counts(logs).length > 0,
        () => `a line in ${logs.output}`,
      );
      return logs;
    }

    /** A service whose upgrade has begun, a request that keeps its first worker, and one who follows what is printed. */
    async function upgrading(t) {
      const it = await place(t, printing);
      const old = await it.serve('-w', '1', '--grace', '60s');
      const slow = await begun(it.port);
      const logs = await follow(t, it);
      return { ...it, old, slow, logs, upgraded: it.command('upgrade') };
    }

    const more = (logs, which, than = counts(logs)[which]) =>
      until(
        () => counts(logs)[which] > than,
        () => `more than ${than} lines of worker ${which}, of ${counts(logs)}`,
      );

    test('shows each line of both, once', limit, async (t) => {
      const { command, slow, logs, upgraded } = await upgrading(t);
      await more(logs, 1, 1500); // More than are kept.
      await more(logs, 0); // It has not ended.
      slow.end();
      await slow.answer;
      assert.strictEqual((await upgraded).code, 0);
      await more(logs, 1);
      assert.strictEqual((await command('upgrade')).code, 0);
      await more(logs, 2);
      assert.strictEqual(counts(logs).length, 3);
      assert.strictEqual((await command('stop')).code, 0);
      await logs.exited;
    });

    test('goes on with the new one when the old one dies', limit, async (t) => {
      const { command, primary, old, slow, logs, upgraded } = await upgrading(t);
      const failed = assert.rejects(slow.answer);
      await until(async () => (await primary()) !== old.pid, 'the new primary');
      await until(async () => (await command('list')).stdout.includes(` ${await primary()} `), 'its name');
      process.kill(old.pid, 'SIGKILL');
      await more(logs, 1, 100);
      await more(logs, 1);
      assert.notStrictEqual((await upgraded).code, 0);
      await failed;
      assert.strictEqual((await command('stop')).code, 0);
      await logs.exited;
    });

    test('goes on with the old one when the new one dies', limit, async (t) => {
      const { command, primary, old, slow, logs, upgraded } = await upgrading(t);
      await more(logs, 1, 100);
      process.kill(await primary(), 'SIGKILL');
      assert.strictEqual((await upgraded).code, 1);
      await until(async () => (await primary()) === old.pid, 'the old primary');
      await more(logs, 2, 100); // The one in the place of the first one, which ends.
      slow.end();
      await slow.answer;
      assert.strictEqual((await command('upgrade')).code, 0);
      await more(logs, 3, 100);
      assert.strictEqual((await command('stop')).code, 0);
      await logs.exited;
    });
  });

  test('fails when what starts the new primary has closed the descriptors', limit, async (t) => {
    const { folder, command, primary, serve } = await place(t);
    const node = path.join(folder, 'node');
    const closed = [3, 4, 5, 6, 7, 8, 9].map((number) => `${number}>&-`).join(' ');
    fs.writeFileSync(node, `#!/bin/sh\nexec '${process.execPath}' "$@" ${closed}\n`, { mode: 0o755 });
    const old = await serve('-w', '1');
    const { code, stderr } = await command('upgrade', '--node', node);
    assert.strictEqual(code, 1, stderr);
    assert.match(stderr, /the new primary exited with code 1/);
    await until(
      () => /has not got the sockets of the one that runs/.test(old.stderr),
      () => `the reason in ${old.output}`,
    );
    assert.strictEqual(await primary(), old.pid);
    assert.strictEqual((await command('stop')).code, 0);
  });

  test('takes over with SCHED_NONE and with sticky clients', limit, async (t) => {
    for (const policy of ['none', 'sticky']) {
      const { command, serve, pid, primary } = await place(t);
      const old = await serve('-w', '2', '--policy', policy);
      assert.strictEqual((await command('upgrade')).code, 0);
      assert.strictEqual(await primary(), await pid());
      assert.strictEqual(await old.exited, 0);
    }
  });

  test('takes what is shared along: entries, locks that are held, and who leads', limit, async (t) => {
    const { folder, port, command, serve } = await place(
      t,
      `
        const cluster = require('cluster');
        const http = require('http');
        const fs = require('fs');
        const store = cluster.store('things');
        cluster.lead('work', async (signal) => {
          fs.appendFileSync('leaders', 'begins\\n');
          await new Promise((resolve) => signal.addEventListener('abort', resolve));
          fs.appendFileSync('leaders', 'ends\\n');
        });
        http.createServer(async (request, response) => response.end(String(await store.incr('count')))).listen(process.env.PORT, '127.0.0.1');
      `,
    );
    await serve('-w', '2');
    const counted = [];
    for (let i = 0; i < 3; i++) {
      counted.push(await get(port), await get(port));
      assert.strictEqual((await command('upgrade')).code, 0);
    }
    counted.push(await get(port));
    assert.deepStrictEqual(counted, ['1', '2', '3', '4', '5', '6', '7']);
    assert.strictEqual((await command('stop')).code, 0);
    const leaders = fs.readFileSync(path.join(folder, 'leaders'), 'utf8').trim().split('\n');
    assert.ok(leaders.length >= 8, leaders.join());
    leaders.forEach((what, i) => assert.strictEqual(what, i % 2 === 0 ? 'begins' : 'ends', leaders.join()));
  });

  for (const [what, name, act] of [
    [
      'does not start',
      /exited with code 1 before it was listening/,
      ({ folder }) => fs.writeFileSync(path.join(folder, 'broken'), ''),
    ],
    [
      'is killed while it starts',
      /was ended by SIGKILL/,
      async ({ old }) => {
        const before = childrenOf(old.pid);
        const successor = () => childrenOf(old.pid).find((pid) => !before.includes(pid));
        until(() => successor() !== undefined, 'the new primary').then(() => process.kill(successor(), 'SIGKILL'));
      },
    ],
  ]) {
    test(`changes nothing when the new primary ${what}`, limit, async (t) => {
      const it = await place(t);
      const old = await it.serve('-w', '2');
      await act({ ...it, old });
      const { stderr, code } = await it.command('upgrade');
      assert.match(stderr, /Upgrade failed, nothing has changed/);
      assert.match(stderr, name);
      assert.strictEqual(code, 1);
      assert.strictEqual(await it.pid(), old.pid);
      assert.strictEqual(await it.primary(), old.pid);
      await until(() => childrenOf(old.pid).length === 2, 'nobody else');
      fs.rmSync(path.join(it.folder, 'broken'), { force: true });
      assert.strictEqual((await it.command('upgrade')).code, 0);
    });
  }

  test('is undone when the new primary dies while the old one ends', limit, async (t) => {
    const { command, pid, primary, old, slow, upgraded, next } = await handingOver(t, 2);
    await until(async () => (await pid()) === next, 'its name');
    process.kill(next, 'SIGKILL');
    const { stderr, code } = await upgraded;
    assert.match(stderr, /nothing has changed: the new primary was ended by SIGKILL/);
    assert.strictEqual(code, 1);
    await until(async () => (await primary()) === old.pid, 'the old primary again');
    await until(async () => (await pid()) === old.pid, 'its name');
    slow.end();
    assert.match(await slow.answer, new RegExp(`^${old.pid} `));
    assert.strictEqual((await command('stop')).code, 0);
  });

  test('is not undone when the new primary is stopped while the old one ends', limit, async (t) => {
    const { command, old, slow, upgraded, next } = await handingOver(t, 2);
    await until(async () => (await command('list')).stdout.includes(` ${next} `), 'its name');
    assert.strictEqual((await command('stop')).code, 0);
    slow.end();
    assert.match(await slow.answer, new RegExp(`^${old.pid} `));
    assert.strictEqual(await old.exited, 0, old.output);
    await upgraded;
    await gone([next]);
  });

  test('goes on when the old primary is told to stop while it ends', limit, async (t) => {
    const counting = `
      const store = require('cluster').store('things');
      require('http').createServer(async (request, response) => {
        response.flushHeaders();
        for await (const _ of request);
        response.end(process.ppid + ' ' + (await store.incr('count')));
      }).listen(process.env.PORT, '127.0.0.1');
    `;
    const { port, command, old, slow, upgraded } = await handingOver(t, 1, counting);
    process.kill(old.pid, 'SIGTERM');
    slow.end();
    const [, count] = (await slow.answer).split(' ');
    assert.strictEqual((await upgraded).code, 0);
    assert.strictEqual(await old.exited, 0, old.output);
    assert.strictEqual((await get(port)).split(' ')[1], `${Number(count) + 1}`);
    assert.strictEqual((await command('stop')).code, 0);
  });

  test(
    'leaves nobody when the old primary is told to stop while it ends, and the new one dies then',
    limit,
    async (t) => {
      const { port, old, slow, upgraded, next } = await handingOver(t, 1, app, '--lame-duck', '1h');
      process.kill(old.pid, 'SIGTERM');
      process.kill(next, 'SIGKILL');
      slow.end();
      assert.match(await slow.answer, new RegExp(`^${old.pid} `));
      assert.strictEqual(await old.exited, 0, old.output);
      assert.strictEqual((await upgraded).code, 1);
      await until(() => isFree(port), 'its port');
      await assert.rejects(get(port), { code: 'ECONNREFUSED' });
    },
  );

  test('ends with the stop that comes while the new primary starts, also with a lame duck', limit, async (t) => {
    for (const lameDuck of ['0ms', '300ms']) {
      const { command, serve } = await place(t);
      const old = await serve('-w', '2', '--lame-duck', lameDuck);
      const before = childrenOf(old.pid);
      const upgraded = command('upgrade');
      await until(() => childrenOf(old.pid).some((child) => !before.includes(child)), 'the new primary');
      const next = childrenOf(old.pid).find((child) => !before.includes(child));
      process.kill(old.pid, 'SIGTERM');
      assert.strictEqual(await old.exited, 0, old.output);
      assert.notStrictEqual((await upgraded).code, 0);
      await gone([next]);
    }
  });

  test('starts with as many workers as the load wants', limit, async (t) => {
    const { command, serve } = await place(t);
    await serve('-w', '1..3');
    assert.strictEqual((await command('scale', '1..3')).code, 0);
    const size = async () => JSON.parse((await command('list', '--json')).stdout)[0].size;
    assert.strictEqual(await size(), 1);
    assert.strictEqual((await command('upgrade')).code, 0);
    assert.strictEqual(await size(), 1);
    await command('stop');
  });

  test('removes the file of a Unix socket that the new program does not use', limit, async (t) => {
    const { folder, command, serve } = await place(
      t,
      `
        const fs = require('fs');
        const server = require('http').createServer((request, response) => response.end());
        if (!fs.existsSync('next')) server.listen('old.socket');
        require('http').createServer((request, response) => response.end()).listen(process.env.PORT, '127.0.0.1');
      `,
    );
    await serve('-w', '1');
    await until(() => fs.existsSync(path.join(folder, 'old.socket')), 'the socket');
    fs.writeFileSync(path.join(folder, 'next'), '');
    assert.strictEqual((await command('upgrade')).code, 0);
    assert.strictEqual((await command('stop')).code, 0);
    assert.ok(!fs.existsSync(path.join(folder, 'old.socket')));
  });

  test('takes the command where the link to the release leads by now', limit, async (t) => {
    const folder = scratch(t);
    for (const release of ['one', 'two']) {
      fs.mkdirSync(path.join(folder, release, 'node_modules'), { recursive: true });
      fs.symlinkSync(root, path.join(folder, release, 'node_modules', 'cluster-rs'));
      fs.writeFileSync(path.join(folder, release, 'app.js'), app);
    }
    const current = path.join(folder, 'current');
    const link = (release) => {
      fs.rmSync(current, { force: true });
      fs.symlinkSync(release, current);
    };
    link('one');
    const port = await freePort();
    const env = { XDG_RUNTIME_DIR: folder, PORT: `${port}`, PWD: current };
    const name = path.join('node_modules', 'cluster-rs', 'bin', 'cluster-rs.js');
    const old = start(t, [name, 'app.js', '-w', '1', '--name', 'app'], { cwd: current, env });
    await until(
      () => /is running with/.test(old.stderr),
      () => `a start of ${old.output}`,
    );
    link('two');
    fs.rmSync(path.join(folder, 'one'), { recursive: true });
    const { code, stderr } = await run(t, [bin, 'upgrade', 'app'], { env });
    assert.strictEqual(code, 0, stderr);
    assert.doesNotMatch(await get(port), new RegExp(`^${old.pid} `));
    assert.strictEqual((await run(t, [bin, 'stop', 'app'], { env })).code, 0);
  });

  test('goes on when the old primary is killed', limit, async (t) => {
    const it = await place(
      t,
      `if (require('fs').existsSync('slowly')) while (require('fs').existsSync('slowly')); ${app}`,
    );
    const old = await it.serve('-w', '2');
    const before = childrenOf(old.pid);
    fs.writeFileSync(path.join(it.folder, 'slowly'), '');
    const upgraded = it.command('upgrade');
    const successor = () => childrenOf(old.pid).find((pid) => !before.includes(pid));
    await until(() => successor() !== undefined && childrenOf(successor()).length === 2, 'the new primary');
    const next = successor();
    process.kill(old.pid, 'SIGKILL');
    assert.notStrictEqual((await upgraded).code, 0);
    fs.rmSync(path.join(it.folder, 'slowly'));
    await until(async () => (await it.primary().catch(() => 0)) === next, 'the new primary serves');
    await until(async () => (await it.pid()) === next, 'its name');
    process.kill(next, 'SIGTERM');
    await gone([next]);
  });

  test(
    'leaves one serving, whichever is killed at whatever moment',
    { timeout: 60_000 + 40_000 * crashes },
    async (t) => {
      for (let i = 0; i < crashes; i++) {
        const { port, command, serve, pid, primary } = await place(t);
        const old = await serve('-w', '1', '--grace', '60s');
        const slow = await begun(port); // As long as it is in progress, the upgrade is not over.
        slow.answer.catch(() => {});
        const workers = childrenOf(old.pid);
        const successor = () => childrenOf(old.pid).find((child) => !workers.includes(child));
        const upgraded = command('upgrade');
        await until(() => successor() !== undefined, 'the new primary');
        const next = successor();
        await delay(Math.random() * 1500);
        const [victim, other] = i % 2 === 0 ? [next, old.pid] : [old.pid, next];
        process.kill(victim, 'SIGKILL');
        await upgraded;
        slow.end();
        await until(
          async () => (await primary().catch(() => 0)) === other,
          () => `${other} serves: ${old.output}`,
        );
        await until(async () => (await pid().catch(() => 0)) === other, 'its name');
        assert.strictEqual((await command('stop')).code, 0);
        await gone([old.pid, next]);
      }
    },
  );

  test('does not begin when a stop comes while it waits for its turn', limit, async (t) => {
    const file = write(
      t,
      ({ index, app }) => {
        const cluster = require(index);
        cluster.setupPrimary({ exec: app });
        // The second one never listens.
        const supervisor = cluster.supervise({ workers: 1, env: (place) => ({ PORT: place === 0 ? '0' : 'none' }) });
        const say = ({ code }) => console.log(code);
        supervisor.on('upgrade', () => console.log('upgrade'));
        supervisor.once('ready', () => {
          supervisor.scale(2).catch(say);
          supervisor.upgrade().catch(say);
          setImmediate(() => supervisor.stop());
        });
      },
      {
        index: path.join(root, 'index.js'),
        app: write(
          t,
          "if (process.env.PORT === 'none') setInterval(() => {}, 1000); else require('http').createServer().listen(0, '127.0.0.1');",
        ),
      },
    );
    const program = start(t, [file]);
    assert.strictEqual(await program.exited, 0, program.output);
    assert.strictEqual(program.stdout, 'ERR_CLUSTER_RS_STOPPING\n'.repeat(2));
  });

  test('gives connections to those whom a reload of the new primary was starting meanwhile', limit, async (t) => {
    const folder = scratch(t);
    const port = await freePort();
    const file = write(
      t,
      ({ index, app, mark }) => {
        const cluster = require(index);
        cluster.setupPrimary({ exec: app });
        const supervisor = cluster.supervise({ workers: 1 });
        if (process.argv[2] === 'next') {
          const { writeFileSync } = require('fs');
          cluster.once('listening', () => supervisor.reload().then(() => console.log('reloaded', process.pid)));
          supervisor.once('tookOver', () => writeFileSync(mark, ''));
        } else {
          supervisor.once('ready', () => supervisor.upgrade({ args: [__filename, 'next'] }));
        }
      },
      {
        index: path.join(root, 'index.js'),
        mark: path.join(folder, 'tookOver'),
        app: write(
          t,
          `
          const { existsSync } = require('fs');
          const { worker } = require('cluster');
          const server = require('http').createServer((request, response) => response.end(String(worker.id)));
          const timer = setInterval(() => {
            if (worker.id > 2 && !existsSync(${JSON.stringify(path.join(folder, 'tookOver'))})) return;
            clearInterval(timer);
            server.listen(process.env.PORT, '127.0.0.1');
          }, 10);
          `,
        ),
      },
    );
    const program = start(t, [file], { env: { PORT: `${port}` } });
    const [, pid] = await program.line(/^reloaded (\d+)/);
    assert.strictEqual(await get(port), '3');
    process.kill(Number(pid), 'SIGTERM');
    await gone([Number(pid)]);
  });

  test('is a method of the supervisor, which says what it does not take', limit, async (t) => {
    const port = await freePort();
    const file = write(
      t,
      ({ index, app }) => {
        const cluster = require(index);
        cluster.setupPrimary({ exec: app });
        const supervisor = cluster.supervise({ workers: 1, startTimeout: 10_000 });
        const events = [];
        for (const event of ['upgrade', 'tookOver', 'upgraded', 'upgradeFailed'])
          supervisor.on(event, () => events.push(event));
        const say = ({ code, message }) => console.log(`${code} ${message}`);
        supervisor.once('ready', async () => {
          if (process.argv[2] === 'next') return console.log('next', process.pid, events.join());
          const { execPath } = process;
          const other =
            "const name = 'CLUSTER_RS_PREDECESSOR'; const told = JSON.parse(process.env[name]); told.protocol = 99;" +
            'process.env[name] = JSON.stringify(told); require(process.argv[1]).supervise()';
          for (const command of [
            null,
            { exec: execPath },
            { args: [1] },
            { cwd: '' },
            { execPath: '/nowhere/node' },
            { execPath, args: ['-e', 'process.exit(3)'] },
            { execPath, args: ['-e', 'setInterval(() => {}, 1000)'] },
            { execPath, args: ['-e', other, index] },
          ]) {
            await supervisor.upgrade(command).catch(say);
          }
          console.log('upgraded', await supervisor.upgrade({ args: [__filename, 'next'] }), events.join());
        });
      },
      { index: path.join(root, 'index.js'), app: write(t, app) },
    );
    const program = start(t, [file], { env: { PORT: `${port}` } });
    assert.strictEqual(await program.exited, 0, program.output);
    const [, pid] = /^upgraded (\d+) /m.exec(program.stdout);
    const failed = 'ERR_CLUSTER_RS_UPGRADE_FAILED Upgrade failed, nothing has changed: the new primary';
    const said = program.stdout.trim().replaceAll(pid, 'PID').split('\n');
    assert.deepStrictEqual(
      said.filter((line) => !line.startsWith('next')), // That is another process.
      [
        'ERR_INVALID_ARG_TYPE The "command" argument must be of type object. Received null',
        "ERR_INVALID_ARG_VALUE The property 'command.exec' is unknown: there are execPath, args, env, cwd",
        'ERR_INVALID_ARG_TYPE The "command.args" property must be an array of strings. Received an instance of Array',
        `ERR_INVALID_ARG_TYPE The "command.cwd" property must be a non-empty string. Received type string ('')`,
        `${failed} could not be started: spawn /nowhere/node ENOENT`,
        `${failed} exited with code 3`,
        `${failed} has not begun: it calls cluster.supervise of a cluster-rs that can be upgraded to`,
        `${failed} exited with code 1`,
        `upgraded PID ${'upgrade,upgradeFailed,'.repeat(4)}upgrade,upgraded`,
      ],
    );
    assert.ok(said.includes('next PID tookOver'), said.join());
    assert.match(
      program.stderr,
      /speaks version 99 of the upgrade protocol, and this cluster-rs version 1: restart it instead/,
    );
    assert.match(await get(port), new RegExp(`^${pid} `));
    process.kill(Number(pid), 'SIGTERM');
    await gone([Number(pid)]);
  });

  test('leaves nothing of a supervisor that is stopped after it', limit, async (t) => {
    const [port, admin] = [await freePort(), await freePort()];
    const primary = ({ index, app, admin }) => {
      const cluster = require(index);
      cluster.setupPrimary({ exec: app });
      const supervisor = cluster.supervise({ workers: 1, signals: false, admin });
      if (process.argv[2] === 'next') return;
      supervisor.once('ready', async () => {
        console.log(await supervisor.upgrade({ args: [__filename, 'next'] }));
        await supervisor.stop();
        console.log('stopped');
        setInterval(() => {}, 1000);
      });
    };
    const file = write(t, primary, { index: path.join(root, 'index.js'), app: write(t, app), admin });
    const program = start(t, [file], { env: { PORT: `${port}` } });
    await until(
      () => /^stopped$/m.test(program.stdout),
      () => `a stop in ${program.output}`,
    );
    const next = Number(/^\d+/.exec(program.stdout)[0]);
    assert.strictEqual(await get(admin, { path: '/live' }), '0 of 1 workers hang\n');
    process.kill(next, 'SIGKILL');
    await gone([next]);
    for (const one of [admin, port]) await until(() => isFree(one), `port ${one}`);
  });

  test('goes on alone: another one has to wait', limit, async (t) => {
    const { command, serve } = await place(t);
    await serve('-w', '2');
    const [one, other] = await Promise.all([command('upgrade'), command('upgrade')]);
    assert.deepStrictEqual([one.code, other.code].sort(), [0, 1]);
    assert.match(one.stderr + other.stderr, /An upgrade is going on: wait until it is over|is stopping/);
  });

  test(
    'fails no request, and leaves no moment without a listener',
    { timeout: 120_000 + 30_000 * upgrades },
    async (t) => {
      const { port, command, serve } = await place(t);
      await serve('-w', '2');
      const failures = [];
      let [isOver, answered] = [false, 0];
      const client = async (keepAlive) => {
        const agent = keepAlive && new http.Agent({ keepAlive: true, maxSockets: 1 });
        while (!isOver) {
          await get(port, { agent }).then(
            () => answered++,
            ({ code, message }) => failures.push(code ?? message),
          );
        }
        if (agent) agent.destroy();
      };
      const connect = () =>
        new Promise((resolve) => {
          const socket = net.connect(port, '127.0.0.1');
          socket.once('error', ({ code }) => resolve(failures.push(code)));
          socket.once('connect', () => resolve(socket.destroy()));
        });
      const clients = [client(true), client(true), client(true), client(false)];
      const knocking = (async () => {
        while (!isOver) await connect();
      })();
      for (let i = 0; i < upgrades; i++) {
        const { code, stderr } = await command('upgrade');
        assert.strictEqual(code, 0, stderr);
      }
      isOver = true;
      await Promise.all([...clients, knocking]);
      t.diagnostic(`${answered} requests answered during ${upgrades} upgrades`);
      assert.deepStrictEqual(failures, []);
      assert.ok(answered > upgrades);
      assert.strictEqual((await command('stop')).code, 0);
    },
  );
});
