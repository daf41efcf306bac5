'use strict';

// The command `cluster-rs`, as its users run it.

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const { describe, test } = require('node:test');
const { Lines, split } = require('../lib/command/lines.js');
const { factsForUnit, unitOf } = require('../lib/command/unit.js');
const { formatTime, parseSize, parseTime } = require('../lib/command/units.js');
const {
  freePort,
  get,
  gone,
  isAlive,
  isPortable,
  kill,
  root,
  run,
  scratch,
  start,
  stop,
  until,
  write,
} = require('./support.js');

const limit = { timeout: 120_000 };
const bin = path.join(root, 'bin', 'cluster-rs.js');

/** A program that listens, and nothing else. */
const app = `
  const http = require('http');
  if (process.env.BROKEN || require('fs').existsSync('broken')) throw new Error('broken');
  console.log('started with', process.argv.slice(2).join(), process.execArgv.join(), process.env.EXTRA);
  http.createServer((request, response) => setTimeout(() => response.end(String(process.pid)), 20)).listen(process.env.PORT, '127.0.0.1');
`;

/** A folder with the program and other files, and sockets of its own. */
async function place(t, files = {}) {
  const folder = scratch(t);
  for (const [name, text] of Object.entries({ 'app.js': app, ...files }))
    fs.writeFileSync(path.join(folder, name), text);
  const port = await freePort();
  const options = { cwd: folder, env: { XDG_RUNTIME_DIR: folder, PORT: `${port}` } };
  const command = async (...args) => {
    const { stdout, stderr, code } = await run(t, [bin, ...args], options);
    return { stdout, stderr, code };
  };
  const serve = async (...args) => {
    const program = start(t, [bin, ...args], options);
    await until(
      () => / is running with /.test(program.stderr) || program.child.exitCode !== null,
      () => `a start of ${program.output}`,
    );
    return program;
  };
  const status = async () => JSON.parse((await command('status', '--json')).stdout);
  return { folder, port, command, serve, status };
}

/** The words of a line as systemd understands them. */
function wordsOf(line) {
  const words = line.match(/"(?:[^"\\]|\\.)*"|\S+/g);
  return words.map((word) =>
    word
      .replace(/^"(.*)"$/s, '$1')
      .replace(/\\(.)/g, '$1')
      .replaceAll('%%', '%')
      .replaceAll('$$', '$'),
  );
}

test('unit prints a systemd unit that starts the program as it was started', limit, async (t) => {
  const { folder, port, command, serve } = await place(t);
  const program = await serve(
    'app.js',
    '-w',
    '1',
    '--name',
    'api',
    '--grace',
    '20s',
    '--',
    'two words',
    '$HOME 100%',
    '"',
  );
  await program.line(/^started with two words,\$HOME 100%,"/);
  const { stdout: text, code } = await command('unit');
  assert.strictEqual(code, 0);
  const valueOf = (name) => new RegExp(`^${name}=(.*)$`, 'm').exec(text)[1];
  assert.strictEqual(valueOf('WorkingDirectory'), folder);
  assert.strictEqual(valueOf('TimeoutStopSec'), '27s');
  assert.match(valueOf('Environment'), /^XDG_RUNTIME_DIR=\/run\/api( FDSTORE=32)?$/);
  assert.deepStrictEqual([valueOf('KillMode'), valueOf('FileDescriptorStoreMax')], ['mixed', '32']);
  if (spawnSync('systemd-analyze', ['--version']).status === 0) {
    const file = path.join(folder, 'api.service');
    fs.writeFileSync(file, text);
    const { stderr, status } = spawnSync('systemd-analyze', ['verify', file], { encoding: 'utf8' });
    assert.deepStrictEqual(
      [status, stderr.split('\n').filter((line) => line.includes('api.service'))],
      [0, []],
      stderr,
    );
  }
  await command('stop');
  const [node, ...args] = wordsOf(valueOf('ExecStart'));
  assert.strictEqual(node, process.execPath);
  const again = start(t, args, { cwd: folder, env: { XDG_RUNTIME_DIR: folder, PORT: `${port}` } });
  await again.line(/^started with two words,\$HOME 100%,"/);
  await until(() => again.stderr.includes('api is running with 1 worker'), 'a start');
  assert.match(await get(port), /^\d+$/);
});

test('systemd leaves workers alone that finish without their primary', () => {
  const about = { folder: '/srv/api', name: 'api' };
  const text = unitOf(factsForUnit(about, { finishWithoutPrimary: true, gracePeriod: 1, killTimeout: 1, lameDuck: 0 }));
  assert.match(text, /^KillMode=process$/m);
});

test('a program runs, is listed, scaled, reloaded, restarted and stopped', limit, async (t) => {
  const { folder, port, command, serve, status } = await place(t);
  const program = await serve('app.js', '-w', '2', '--name', 'api', '--node-args=--no-warnings', '--', 'a', '-w');
  assert.deepStrictEqual(program.lines(/^started/).map(String), Array(2).fill('started'));
  assert.match(program.stdout, /^started with a,-w --no-warnings undefined$/m);
  await get(port);

  assert.match(
    (await command('list')).stdout,
    /^name +pid +workers +uptime +program\napi +\d+ +2 +\d+s +\S+app\.js\n$/,
  );
  const [listed] = JSON.parse((await command('list', '--json')).stdout);
  assert.deepStrictEqual([listed.name, listed.pid, listed.size], ['api', program.pid, 2]);
  const before = await status();
  assert.strictEqual(before.workers.length, 2);
  for (const worker of before.workers)
    assert.ok(isAlive(worker.pid) && worker.memory > 1e7 && worker.state === 'ready');
  const columns = /^id +pid +state +uptime +connections +requests +loop lag +CPU +memory +restarts$/m;
  assert.match((await command('status', 'api')).stdout, columns);

  let isOver = false;
  const client = async () => {
    while (!isOver) await get(port);
  };
  const clients = Promise.all([client(), client(), client()]);
  const reloaded = await command('reload', 'api');
  assert.strictEqual(
    reloaded.stdout,
    'reload api: 0 of 2\nreload api: 1 of 2\nreload api: 2 of 2\napi has been reloaded\n',
  );
  await gone(before.workers.map(({ pid }) => pid));
  assert.deepStrictEqual(JSON.parse((await command('scale', 'api', '3', '--json')).stdout), {
    name: 'api',
    scale: 3,
  });
  assert.strictEqual((await command('scale', '1')).stdout, 'api has 1 worker\n');
  assert.strictEqual((await command('restart')).code, 0);
  isOver = true;
  await clients;
  assert.strictEqual((await status()).workers.length, 1);

  assert.strictEqual((await command('stop')).stdout, 'api has stopped\n');
  assert.strictEqual(await program.end(), 0);
  const none = await command('status', 'api');
  assert.deepStrictEqual(
    [none.code, none.stderr],
    [3, `cluster-rs: api is not running; searched ${path.join(folder, 'cluster-rs')}\n`],
  );
  assert.strictEqual((await command('reload')).code, 3);
});

test('by load, in a range: it is said, counted, and ends with a number', limit, async (t) => {
  const busy = `require('http').createServer((request, response) => {
    for (const end = Date.now() + 20; Date.now() < end;);
    response.end();
  }).listen(process.env.PORT, '127.0.0.1');`;
  const settings = JSON.stringify({ app: 'app.js', workers: '1..2', scaleDownAfter: '1h' });
  const { port, command, serve } = await place(t, { 'app.js': busy, 'cluster.config.json': settings });
  const program = await serve('--name', 'api', ...(isPortable ? [] : ['--admin', '0']));
  assert.match(program.stderr, /api is running with 1 worker/);
  let isOver = false;
  const client = async () => {
    while (!isOver) await get(port);
  };
  const clients = Promise.all(Array.from({ length: 8 }, client));
  const grown =
    /^cluster-rs: api has 2 workers: (connections have waited \d+ ms|event loops are busy \d+ % of the time)$/m;
  await until(
    () => grown.test(program.stderr),
    () => program.output,
  );
  if (!isPortable) {
    const [, admin] = /127\.0\.0\.1:(\d+)/.exec(program.stderr);
    const text = await get(Number(admin), { path: '/metrics' });
    for (const line of ['wanted 2', 'min 1', 'max 2']) assert.ok(text.includes(`\ncluster_workers_${line}`), text);
    assert.match(text, /^cluster_scalings_total{direction="up"} 1/m);
  }
  assert.strictEqual((await command('scale', '1')).stdout, 'api has 1 worker\n');
  assert.strictEqual((await command('scale', 'api', '2..max')).stdout, 'api has 2 workers\n');
  isOver = true;
  await clients;
  process.kill(program.pid, 'SIGTERM');
  assert.strictEqual(await program.end(), 0);
});

describe('a release that is a symbolic link', { concurrency: 2 }, () => {
  const ways = [
    ['by a relative path, from a shell in the link', 'app.js', (link) => ({ PWD: link })],
    ['by its path through the link', (link) => path.join(link, 'app.js'), () => ({ PWD: '' })],
    ['by the folder', (link) => link, () => ({ PWD: '/' })],
    ['by the folder, from a shell in it', '.', (link) => ({ PWD: link })],
    ['by a path out of the link', '../b/../a/app', (link) => ({ PWD: link }), 'a'],
  ];
  for (const [way, app, env, after = 'b'] of ways) {
    test(`${way}: each start follows it`, limit, async (t) => {
      const folder = scratch(t);
      const port = await freePort();
      const link = path.join(folder, 'current');
      const source = `require('http').createServer((request, response) => {
        response.end([__dirname, process.cwd()].map((name) => require('path').basename(name)).join());
      }).listen(${port}, '127.0.0.1')`;
      for (const name of ['a', 'b']) {
        fs.mkdirSync(path.join(folder, name, 'sub'), { recursive: true });
        fs.writeFileSync(path.join(folder, name, 'app.js'), source);
        fs.writeFileSync(path.join(folder, name, 'package.json'), '{ "name": "api", "main": "app.js" }');
      }
      fs.symlinkSync('a', link);
      const options = { cwd: link, env: { XDG_RUNTIME_DIR: folder, ...env(link) } };
      const program = start(t, [bin, typeof app === 'string' ? app : app(link), '-w', '1'], options);
      await until(
        () => /api is running with /.test(program.stderr),
        () => program.output,
      );
      assert.strictEqual(await get(port), 'a,a');
      fs.symlinkSync('b', `${link}.new`);
      fs.renameSync(`${link}.new`, link);
      const reload = () => run(t, [bin, 'reload'], { env: { XDG_RUNTIME_DIR: folder } });
      assert.strictEqual((await reload()).code, 0);
      assert.strictEqual(await get(port), `${after},b`);
      if (after === 'b') fs.rmSync(path.join(folder, 'a'), { recursive: true });
      assert.strictEqual((await reload()).code, 0);
      assert.strictEqual(await get(port), `${after},b`);
    });
  }

  test('cluster-rs may be removed with an old release', limit, async (t) => {
    const folder = scratch(t);
    const env = { XDG_RUNTIME_DIR: folder, PORT: `${await freePort()}`, NODE_OPTIONS: '--require ./empty.js' };
    for (const name of ['a', 'b']) {
      const own = path.join(folder, name, 'node_modules/cluster-rs');
      for (const part of ['index.js', 'register.js', 'package.json', 'lib', 'bin']) {
        fs.cpSync(path.join(root, part), path.join(own, part), { recursive: true });
      }
      if (!isPortable) fs.symlinkSync(path.join(root, 'native'), path.join(own, 'native'));
      fs.writeFileSync(path.join(folder, name, 'app.js'), app);
      fs.writeFileSync(path.join(folder, name, 'empty.js'), '');
    }
    const link = path.join(folder, 'current');
    fs.symlinkSync('a', link);
    const command = path.join(link, 'node_modules/cluster-rs/bin/cluster-rs.js');
    const options = { cwd: link, env: { ...env, PWD: link } };
    const program = start(t, [command, 'app.js', '-w', '1', '--name', 'api'], options);
    await until(
      () => / is running with /.test(program.stderr),
      () => program.output,
    );
    fs.rmSync(link);
    fs.symlinkSync('b', link);
    fs.rmSync(path.join(folder, 'a'), { recursive: true });
    const { code, stderr } = await run(t, [bin, 'reload'], { env: { XDG_RUNTIME_DIR: folder } });
    assert.deepStrictEqual([code, stderr], [0, '']);
    await get(env.PORT);
  });

  test('from a folder that has been removed nothing runs', limit, async (t) => {
    const folder = scratch(t);
    const missing = path.join(folder, 'missing');
    const file = write(t, app);
    const script = `mkdir ${missing}; cd ${missing}; rmdir ${missing}; exec ${process.execPath} ${bin} ${file}`;
    const { status, stderr } = spawnSync('sh', ['-c', script], { env: { XDG_RUNTIME_DIR: folder }, encoding: 'utf8' });
    assert.strictEqual(status, 2);
    assert.match(stderr, /^cluster-rs: missing folder: the current one has been removed$/m);
  });

  test('a folder that has been removed is a failed start', limit, async (t) => {
    const { folder } = await place(t);
    const inside = path.join(folder, 'inside');
    fs.mkdirSync(inside);
    const env = { XDG_RUNTIME_DIR: folder, PORT: `${await freePort()}`, PWD: inside };
    const program = start(t, [bin, '../app.js', '-w', '1', '--name', 'api'], { cwd: inside, env });
    await until(
      () => / is running with /.test(program.stderr),
      () => program.output,
    );
    const pid = await get(env.PORT);
    fs.rmdirSync(inside);
    const { code, stderr } = await run(t, [bin, 'reload'], { env });
    const why = `could not be started: missing folder ${inside}, where workers are to run`;
    assert.deepStrictEqual([code, stderr], [1, `cluster-rs: Reload failed, old workers kept: worker 2 ${why}\n`]);
    assert.strictEqual(await get(env.PORT), pid);
    process.kill(Number(pid), 'SIGKILL');
    const text = `cluster-rs: worker 3 ${why}: the next one `;
    await until(
      () => program.stderr.includes(text),
      () => program.output,
    );
    fs.mkdirSync(inside);
    await until(() => get(env.PORT).catch(() => false), 'a worker');
  });
});

test('what SIGTERM stops ends with 0, and leaves no socket', limit, async (t) => {
  const { folder, serve } = await place(t);
  const program = await serve('app.js', '-w', '1', '--name', 'api');
  const socket = path.join(folder, 'cluster-rs', 'api.sock');
  assert.strictEqual(fs.statSync(socket).mode & 0o777, 0o600);
  assert.strictEqual(fs.statSync(path.dirname(socket)).mode & 0o777, 0o700);
  process.kill(program.pid, 'SIGTERM');
  assert.strictEqual(await program.end(), 0);
  assert.ok(!fs.existsSync(socket));
});

test('what has been killed leaves a socket that is recognised', limit, async (t) => {
  const { folder, command, serve } = await place(t);
  const first = await serve('app.js', '-w', '1', '--name', 'api');
  const again = await command('app.js', '--name', 'api');
  assert.deepStrictEqual(
    [again.code, again.stderr],
    [1, 'cluster-rs: api is running already: choose another --name\n'],
  );
  await kill(first.pid);
  assert.ok(fs.existsSync(path.join(folder, 'cluster-rs', 'api.sock')));
  assert.strictEqual(
    (await command('list')).stdout,
    `nothing is running; searched ${path.join(folder, 'cluster-rs')}\n`,
  );
  const second = await serve('app.js', '-w', '1', '--name', 'api');
  assert.match(second.stderr, /api is running with 1 worker,/);
});

test('one that does not answer is told apart from one that has gone', limit, async (t) => {
  const { command, serve } = await place(t);
  const program = await serve('app.js', '-w', '1', '--name', 'api');
  await stop(program.pid);
  const { code, stderr } = await command('status', 'api');
  assert.deepStrictEqual([code, stderr], [1, 'cluster-rs: api is running, but not answering\n']);
  process.kill(program.pid, 'SIGCONT');
  assert.strictEqual((await command('status', 'api')).code, 0);
});

test('one that does not answer does not keep others from the list', limit, async (t) => {
  const { command, serve } = await place(t, { 'other.js': "require('http').createServer().listen(0, '127.0.0.1')" });
  const stuck = await serve('app.js', '-w', '1', '--name', 'stuck');
  const other = await serve('other.js', '-w', '1', '--name', 'works');
  await stop(stuck.pid);
  const { code, stdout } = await command('ls');
  process.kill(stuck.pid, 'SIGCONT');
  assert.strictEqual(code, 0);
  assert.match(stdout, /^stuck +not answering$/m);
  assert.match(stdout, new RegExp(`^works +${other.pid} +1 `, 'm'));
});

test('of two that start at the same time with one name, one runs', limit, async (t) => {
  const { command, folder, serve } = await place(t, {
    'other.js': "require('http').createServer().listen(0, '127.0.0.1')",
  });
  const dead = await serve('other.js', '-w', '1', '--name', 'twin');
  await kill(dead.pid);
  const twins = await Promise.all(Array.from({ length: 4 }, () => serve('other.js', '-w', '1', '--name', 'twin')));
  const losers = twins.filter(({ stderr }) => stderr.includes('twin is running already'));
  assert.strictEqual(losers.length, 3);
  for (const loser of losers) assert.strictEqual(await loser.end(), 1);
  const [winner] = twins.filter((twin) => !losers.includes(twin));
  const [listed, ...others] = JSON.parse((await command('list', '--json')).stdout);
  assert.deepStrictEqual([listed.pid, others], [winner.pid, []]);
  assert.deepStrictEqual(fs.readdirSync(path.join(folder, 'cluster-rs')), ['twin.sock']);
});

test('where two run, one has to be named', limit, async (t) => {
  const { command, serve } = await place(t, { 'other.js': "require('http').createServer().listen(0, '127.0.0.1')" });
  await serve('app.js', '-w', '1', '--name', 'one');
  await serve('other.js', '-w', '1'); // Named after its file.
  const { code, stderr } = await command('reload');
  assert.deepStrictEqual([code, stderr.split('\n')[0]], [2, 'cluster-rs: missing name: one and other are running']);
});

test('a reload that fails is told, and its exit code is 1', limit, async (t) => {
  const { folder, port, command, serve } = await place(t);
  await serve('app.js', '-w', '1', '--name', 'api');
  fs.writeFileSync(path.join(folder, 'broken'), '');
  const { code, stderr } = await command('reload');
  assert.strictEqual(code, 1);
  assert.match(
    stderr,
    /^cluster-rs: Reload failed, old workers kept: worker 2 exited with code 1 before it was listening$/m,
  );
  assert.match(await get(port), /^\d+$/);
});

test('a program that can not start is given up', limit, async (t) => {
  const { command } = await place(t, { 'broken.js': 'process.exit(7)' });
  const { code, stderr } = await command('broken.js', '-w', '2', '--max-deaths', '3', '--min-delay', '1ms');
  assert.strictEqual(code, 1);
  assert.match(stderr, /worker \d+ exited with code 7: the next one is starting/);
  assert.match(stderr, /worker \d+ exited with code 7: the next one starts in 1 ms, 0 of 2 workers serving/);
  assert.match(stderr, /broken is giving up: no worker is left, and 3 starts have failed in each place/);
});

test('logs has what was printed, and what is', limit, async (t) => {
  const { folder, port, command, serve } = await place(t, {
    'app.js': `require('http').createServer((request, response) => {
      console.log('asked');
      console.error('for nothing');
      response.end();
    }).listen(process.env.PORT, '127.0.0.1');`,
  });
  await serve('app.js', '-w', '1', '--name', 'api');
  await get(port);
  await get(port);
  assert.strictEqual((await command('logs', '-n', '3', '--no-follow')).stdout.split('\n').length, 4);
  const follower = start(t, [bin, 'logs', 'api', '--json'], { env: { XDG_RUNTIME_DIR: folder } });
  await follower.line(/^\{"worker":1,"text":"asked"\}/, 2);
  await get(port);
  await follower.line(/^\{"worker":1,"text":"asked"\}/, 3);
  await follower.line(/^\{"worker":1,"text":"for nothing"\}/, 3);
  await command('stop');
  await follower.end();
});

test('logs of any text', limit, async (t) => {
  const { command, serve } = await place(t, {
    'text.js': "console.log('a\\u2028b'); require('http').createServer().listen(0, '127.0.0.1')",
  });
  await serve('text.js', '-w', '1', '--name', 'text');
  const { code, stdout } = await command('logs', '--no-follow');
  assert.deepStrictEqual([code, stdout], [0, '1 | a\u2028b\n']);
});

test('what workers print last is not lost', limit, async (t) => {
  const { serve } = await place(t, {
    'last.js': `
      require('http').createServer().listen(0, '127.0.0.1');
      process.on('SIGTERM', () => {
        for (let i = 0; i < 2000; i++) console.log('last words', i, 'x'.repeat(90));
        process.stdout.write('', () => process.exit()); // Node itself waits for nothing.
      });`,
  });
  const program = await serve('last.js', '-w', '2', '--name', 'last');
  process.kill(program.pid, 'SIGTERM');
  assert.strictEqual(await program.end(), 0);
  assert.strictEqual(program.lines(/^last words/).length, 4000);
});

test('on another system, the command runs on the portable layer', limit, async (t) => {
  const { port, folder } = await place(t, { 'package.json': '{}' });
  const other = path.join(folder, 'other.js');
  fs.writeFileSync(other, `Object.defineProperty(process, 'platform', { value: 'other' });`);
  const env = { PORT: `${port}`, XDG_RUNTIME_DIR: folder };
  const program = start(t, ['-r', other, bin, 'app.js', '-w', '2', '--name', 'api', '--', 'an argument'], {
    cwd: folder,
    env,
  });
  await until(
    () => / is running with 2 workers/.test(program.stderr),
    () => program.output,
  );
  assert.notStrictEqual(Number(await get(port)), program.pid);
  assert.strictEqual(program.lines(/^started with an argument/).length, 2);
  assert.match(program.stderr, isPortable ? / is running / : /CLUSTER_RS_FALLBACK.* this is other/);
  assert.strictEqual((await run(t, [bin, 'reload'], { env })).code, 0);
  process.kill(program.pid, 'SIGTERM');
  assert.strictEqual(await program.end(), 0);
});

test('where there are no sockets for commands, the command runs without', limit, async (t) => {
  const { port, folder } = await place(t, { 'package.json': '{}' });
  const windows = path.join(folder, 'windows.js');
  fs.writeFileSync(
    windows,
    `process.getuid = undefined; Object.defineProperty(process, 'platform', { value: 'other' });`,
  );
  const options = { cwd: folder, env: { PORT: `${port}` } };
  const program = start(t, ['-r', windows, bin, 'app.js', '-w', '1', '--name', 'api'], options);
  await until(
    () => / is running with 1 worker/.test(program.stderr),
    () => program.output,
  );
  assert.match(program.stderr, /api is running without commands, which can't reach it: .*Windows/);
  assert.match(await get(port), /^\d+$/);
  const list = await run(t, ['-r', windows, bin, 'list'], options);
  assert.deepStrictEqual([list.code, /commands need the sockets of Unix/.test(list.stderr)], [1, true]);
  process.kill(program.pid, 'SIGTERM');
  assert.strictEqual(await program.end(), 0);
});

test('each kind of file is read, and the command line comes first', limit, async (t) => {
  const settings = {
    app: 'app.js',
    workers: 2,
    name: 'from-file',
    args: ['x', 1],
    env: { EXTRA: 'extra' },
    grace: '5s',
  };
  const kinds = {
    'cluster.config.js': `module.exports = ${JSON.stringify(settings)}`,
    'cluster.config.json': JSON.stringify(settings),
    'other.mjs': `export default ${JSON.stringify(settings)}`,
    'package.json': JSON.stringify({ name: 'p', 'cluster-rs': settings }),
  };
  for (const [name, text] of Object.entries(kinds)) {
    const { serve, status } = await place(t, { [name]: text });
    const program = await serve(...(name.startsWith('other') ? ['--config', name] : []), '-w', '1');
    const found = await status();
    assert.deepStrictEqual([found.name, found.size], ['from-file', 1], name);
    assert.match(program.stdout, /^started with x,1 {2}extra$/m);
    process.kill(program.pid, 'SIGTERM');
    await program.end();
  }
});

describe('what is wrong is told with its place, and the exit code is 2', () => {
  for (const [args, message] of [
    [[], 'missing program: cluster-rs app.js'],
    [['nothing.js'], /^program not found: nothing\.js in /],
    [['app.js', '--wrokers', '2'], 'unknown option: --wrokers; did you mean --workers?'],
    [
      ['app.js', '-w', '0'],
      '--workers must be max, a whole number of at least 1, or a range such as 2..8 or 2..max, not "0"',
    ],
    [['app.js', '--grace', 'soon'], '--grace must be a time such as 250ms, 10s, 5m or 1h, up to 596h, not "soon"'],
    [['app.js', '--max-age', '720h'], /^--max-age must be a time .*, not "720h"$/],
    [['app.js', '--start-timeout', '0ms'], /^--start-timeout must be .*, not "0ms"$/],
    [['app.js', '--max-memory', '300'], '--max-memory must be a size such as 300M or 1G, at least 32M, not "300"'],
    [
      ['app.js', '-w', '-1'],
      '--workers must be max, a whole number of at least 1, or a range such as 2..8 or 2..max, not "-1"',
    ],
    [['app.js', '--grace'], 'missing value of --grace; write --grace=VALUE for one that begins with -'],
    [['--config', 'node.json'], 'nodeArgs in node.json must be a text, or a list of texts, not [{}]'],
    [['app.js', '--spares', '-1'], '--spares must be a whole number of at least 0, not "-1"'],
    [['app.js', '--name', 'x'.repeat(120)], /is too long for a socket: choose a shorter --name/],
    [['status', '../x'], 'invalid name: ../x; names have letters, digits, dots, dashes and underscores'],
    [['begin'], /^program not found: begin in .*; commands are list, status, reload/],
    [['--config', 'list.json'], 'missing applications: apps in list.json is empty'],
    [['--config', 'name.json'], /^name in name\.json must be .*, not \["q"\]$/],
    [['--config', 'env.json'], /^env in env\.json must be /],
    [['--config', 'args.json'], /^args in args\.json must be /],
    [['app.js', '--grace', '10'], /^--grace must be .*, not "10"$/],
    [['app.js', '--max-memory', '3X'], /^--max-memory must be .*, not "3X"$/],
    [['app.js', '--policy', 'random'], /^--policy must be rr, least, none, sticky, or sticky:KEY .*, not "random"$/],
    [['app.js', '--policy', 'sticky:body'], /^--policy must be .*, not "sticky:body"$/],
    [['app.js', '--name', '../x'], /^--name must be /],
    [['app.js', 'more'], 'unexpected argument after app.js: more; arguments of the program follow --'],
    [['app.js', '--config', 'none.json'], /^none\.json can't be read: /],
    [['--config', 'typo.json'], 'unknown setting in typo.json: maxMemroy; did you mean maxMemory?'],
    [
      ['--config', 'value.json'],
      'workers in value.json must be max, a whole number of at least 1, or a range such as 2..8 or 2..max, not "many"',
    ],
    [
      ['app.js', '-w', '8..2'],
      '--workers must be max, a whole number of at least 1, or a range such as 2..8 or 2..max, not "8..2"',
    ],
    [['app.js', '-w', '0..2'], /^--workers must be .*, not "0\.\.2"$/],
    [['--config', 'range.json'], /^workers in range\.json must be .*, not {"min":2}$/],
    [['app.js', '--scale-down-after', 'late'], /^--scale-down-after must be a time .*, not "late"$/],
    [
      ['scale'],
      'missing number of workers: scale [NAME] N, where N is max, a whole number of at least 1, or a range such as 2..8',
    ],
    [['scale', 'api', '2..1'], /^missing number of workers: /],
    [['list', 'x'], 'unexpected argument after list: x'],
    [['startup'], 'startup is systemd here: cluster-rs unit [NAME] prints a unit for what runs'],
    [['app.js', '--listen-timeout', '3000'], 'unknown option: --listen-timeout; did you mean --start-timeout?'],
    [
      ['app.js', '-i', '-1'],
      '--workers must be max, a whole number of at least 1, or a range such as 2..8 or 2..max, not "-1"',
    ],
    [['app.js', '--prefix=yes'], 'unexpected value of --prefix'],
    [['app.js', '-q'], 'unknown option: -q'],
    [['app.js', '--stop-signal', 'KILL'], /^--stop-signal must be one of SIGTERM, SIGINT, .*, not "KILL"$/],
    [['--config', 'pm2.json'], 'unknown setting in pm2.json: max_memory_restart; did you mean maxMemory?'],
    [['logs', 'x', '-n', 'all'], '--lines must be a whole number, not "all"'],
  ]) {
    test(args.join(' ') || 'nothing', limit, async (t) => {
      const { command } = await place(t, {
        'typo.json': '{ "maxMemroy": 1 }',
        'value.json': '{ "workers": "many" }',
        'range.json': '{ "workers": { "min": 2 } }',
        'list.json': '[]',
        'name.json': '{ "name": ["q"] }',
        'env.json': '{ "env": { "A": "x\\u0000y" } }',
        'args.json': '{ "args": [null] }',
        'pm2.json': '{ "max_memory_restart": "300M" }',
        'node.json': '{ "nodeArgs": [{}] }',
      });
      const { code, stderr } = await command(...args);
      const [line] = stderr.split('\n');
      assert.strictEqual(code, 2, stderr);
      if (message instanceof RegExp) assert.match(line.slice('cluster-rs: '.length), message);
      else assert.strictEqual(line, `cluster-rs: ${message}`);
    });
  }
});

test('wrong usage is JSON, too, where that is asked for', limit, async (t) => {
  const { command } = await place(t);
  const { code, stderr } = await command('list', 'x', '--json');
  assert.strictEqual(code, 2);
  assert.deepStrictEqual(JSON.parse(stderr), { error: { code: 2, message: 'unexpected argument after list: x' } });
});

/** A program that tells its variables, and reads a file for more of them as dotenv does: what there is stays. */
const telling = `
  require('./load.js');
  const { A, B, C, D, EXTRA } = process.env;
  require('http').createServer((request, response) => response.end([A, B, C, D, EXTRA].join())).listen(process.env.PORT, '127.0.0.1');
`;
const load = `
  for (const line of require('fs').readFileSync(__dirname + '/.env', 'utf8').trim().split('\\n')) {
    const [name, value] = line.split('=');
    process.env[name] ??= value;
  }
`;

test('code in the primary runs before the first worker', limit, async (t) => {
  const { folder, port, serve, command } = await place(t, {
    'primary.js': `
      const cluster = require('node:cluster');
      console.log('primary', cluster.isPrimary, Object.keys(cluster.workers).length);
      cluster.on('message', (worker, message) => {
        for (const other of Object.values(cluster.workers)) other.send(message);
      });
      exports.done = new Promise((resolve) => setTimeout(resolve, 100));`,
    'top.mjs': "await import('./primary.js').then(({ done }) => done); console.log('primary is done');",
    'talk.js': `
      let heard = 0;
      process.on('message', () => heard++);
      require('http').createServer((request, response) => {
        if (request.url === '/tell') process.send('something');
        response.end(String(heard));
      }).listen(process.env.PORT, '127.0.0.1');
      console.log('worker');`,
    'fails.js': "throw new Error('no database')",
  });
  const program = await serve('talk.js', '-w', '2', '--primary', './top.mjs');
  assert.strictEqual(program.stdout, 'primary true 0\nprimary is done\nworker\nworker\n');
  await get(port, { path: '/tell' });
  await until(async () => (await get(port)) === '1' && (await get(port)) === '1', 'what the primary passes on');
  process.kill(program.pid, 'SIGTERM');
  assert.strictEqual(await program.end(), 0);

  const failed = await command('talk.js', '--primary', 'fails.js');
  assert.strictEqual(failed.code, 1);
  assert.match(failed.stderr, /fails\.js:1[^]*Error: no database/);
  assert.deepStrictEqual(fs.readdirSync(path.join(folder, 'cluster-rs')), []);
  const missing = await command('talk.js', '--primary', 'missing.js');
  assert.deepStrictEqual(
    [missing.code, missing.stderr.split('\n')[0]],
    [2, `cluster-rs: program not found: missing.js in ${folder}`],
  );
});

test('while code in the primary takes its time, the program is starting', limit, async (t) => {
  const { folder, command } = await place(t, { 'slow.mjs': 'await new Promise(() => setInterval(() => {}, 1000));' });
  const program = start(t, [bin, 'app.js', '--name', 'api', '--primary', 'slow.mjs'], {
    cwd: folder,
    env: { XDG_RUNTIME_DIR: folder },
  });
  await until(() => fs.existsSync(path.join(folder, 'cluster-rs', 'api.sock')), 'a socket');
  assert.match((await command('list')).stdout, /^api +\d+ +0 /m);
  const { code, stderr } = await command('reload', 'api');
  assert.deepStrictEqual([code, stderr], [1, 'cluster-rs: api is starting: try again\n']);
  assert.strictEqual(program.child.exitCode, null);
});

test('what files put into the environment of the primary does not outlive a reload', limit, async (t) => {
  for (const [way, nodeArgs, settings] of [
    ['node --env-file', ['--env-file=.env'], {}],
    ['a preload', ['-r', './load.js'], {}],
    ['the configuration', [], {}],
    ['the primary', [], { primary: 'primary.js' }],
  ]) {
    const folder = scratch(t);
    const files = {
      'app.js': telling,
      'load.js': load,
      'primary.js': "require('./load.js'); process.env.D = 'of the primary'; delete process.env.EXTRA;",
      'cluster.config.js': `
        ${way === 'the configuration' ? "require('./load.js'); process.env.D = 'of the configuration';" : ''}
        module.exports = ${JSON.stringify({ app: 'app.js', workers: 1, env: { C: 'setting' }, ...settings })};`,
      '.env': 'A=old\nB=file\nC=file\n',
    };
    for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(folder, name), text);
    const port = await freePort();
    const env = { XDG_RUNTIME_DIR: folder, PORT: `${port}`, B: 'given', EXTRA: 'given' };
    const program = start(t, [...nodeArgs, bin], { cwd: folder, env });
    await until(
      () => / is running with /.test(program.stderr),
      () => program.output,
    );
    const extra = way === 'the primary' ? '' : 'given';
    assert.strictEqual(await get(port), `old,given,setting,,${extra}`, way);
    fs.writeFileSync(path.join(folder, '.env'), 'A=new\nB=file\nD=file\n');
    assert.strictEqual((await run(t, [bin, 'reload'], { cwd: folder, env })).code, 0);
    assert.strictEqual(await get(port), `new,given,setting,file,${extra}`, way);
    process.kill(program.pid, 'SIGTERM');
    assert.strictEqual(await program.end(), 0);
  }
});

test('a list of arguments for Node may have spaces in them', limit, async (t) => {
  const { folder, serve } = await place(t, {
    'a name.js': "console.log('preloaded');",
    'cluster.config.json': JSON.stringify({ nodeArgs: ['--require', './a name.js'] }),
  });
  assert.ok(folder);
  const program = await serve('app.js', '-w', '1');
  await program.line(/^preloaded/);
});

test('a folder for sockets that others could write to is refused', limit, async (t) => {
  const { folder, command } = await place(t);
  fs.mkdirSync(path.join(folder, 'cluster-rs'), { mode: 0o755 });
  const { code, stderr } = await command('list');
  assert.strictEqual(code, 1);
  assert.match(stderr, /must be a folder of your own with mode 700/);
  fs.rmdirSync(path.join(folder, 'cluster-rs'));
  fs.symlinkSync(scratch(t), path.join(folder, 'cluster-rs'));
  assert.strictEqual((await command('list')).code, 1);
});

test('what is no request is answered, and harms nobody', limit, async (t) => {
  const { folder, command, serve } = await place(t);
  await serve('app.js', '-w', '1', '--name', 'api');
  const socket = net.connect(path.join(folder, 'cluster-rs', 'api.sock')).setEncoding('utf8');
  let text = '';
  socket.on('data', (part) => (text += part));
  socket.write('what?\nnull\n[]\n"status"\n{"command":"constructor"}\n{}\n');
  await until(
    () => text.split('\n').length === 7,
    () => text,
  );
  const malformed = 'malformed request: each line must be a JSON object with a command';
  assert.deepStrictEqual(
    text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).error),
    [...Array(4).fill(malformed), 'unknown command: constructor', 'unknown command: undefined'],
  );
  socket.destroy();
  assert.strictEqual((await command('status')).code, 0);
});

test('what is no answer is told', limit, async (t) => {
  const { folder, command } = await place(t);
  fs.mkdirSync(path.join(folder, 'cluster-rs'), { mode: 0o700 });
  for (const text of ['null', '[]', 'what?']) {
    const server = net.createServer((socket) => socket.on('data', () => socket.end(`${text}\n`)));
    server.listen(path.join(folder, 'cluster-rs', 'api.sock'));
    const { code, stderr } = await command('status', 'api');
    server.close();
    assert.deepStrictEqual([code, stderr], [1, `cluster-rs: malformed answer of api: ${text}\n`]);
  }
});

test('lines of different workers are not mixed, and say whose they are', limit, async (t) => {
  const text = 'é'.repeat(3000);
  const { serve } = await place(t, {
    'app.js': `
      require('http').createServer().listen(0, '127.0.0.1');
      for (let i = 0; i < 200; i++) process.stdout.write(i + ' ${text}\\n');
      process.on('SIGTERM', () => process.stdout.write('no end', () => process.exit())); // Node itself waits for nothing.
    `,
  });
  const program = await serve('app.js', '-w', '4', '--prefix', '--name', 'api');
  process.kill(program.pid, 'SIGTERM');
  assert.strictEqual(await program.end(), 0);
  assert.strictEqual(program.lines(/^\d+ \| no end$/).length, 4);
  assert.strictEqual(program.lines(/^\d+ \| \d+ é+$/).length, 800);
  for (const line of program.stdout.split('\n').slice(0, -1)) assert.match(line, /^\d+ \| (\d+ é{3000}|no end)$/);
});

test('a slow reader gets all that was printed before the end', limit, async (t) => {
  const { serve } = await place(t, {
    'app.js': `
      require('http').createServer().listen(0, '127.0.0.1');
      for (let i = 0; i < 200; i++) process.stdout.write('x'.repeat(6000) + '\\n');
      process.on('SIGTERM', () => process.stdout.write('last\\n', () => process.exit()));
    `,
  });
  const program = await serve('app.js', '-w', '2', '--name', 'api');
  const { stdout } = program.child;
  stdout.on('data', () => {
    stdout.pause();
    setTimeout(() => stdout.resume(), 60);
  });
  process.kill(program.pid, 'SIGTERM');
  assert.strictEqual(await program.end(), 0);
  assert.deepStrictEqual([program.lines(/^x{6000}$/).length, program.lines(/^last$/).length], [400, 2]);
});

test('a reader that goes does not end the program', limit, async (t) => {
  const { port, command, serve } = await place(t, {
    'app.js': `setInterval(() => console.log('x'.repeat(10_000)), 5);
      require('http').createServer((request, response) => response.end('alive')).listen(process.env.PORT, '127.0.0.1');`,
  });
  const program = await serve('app.js', '-w', '2', '--name', 'api');
  program.child.stdout.destroy();
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.strictEqual(await get(port), 'alive');
  assert.match((await command('logs', '--no-follow', '-n', '1')).stdout, /^[12] \| x{10000}\n$/);
});

test('a program that is meant for another process manager starts and stops as it does there', limit, async (t) => {
  const { port, serve, command } = await place(t, {
    'app.js': `
      require('http').createServer((request, response) => response.end('served')).listen(process.env.PORT, '127.0.0.1', () => {
        console.log('listening');
        process.once('message', () => process.send('ready')); // Something else comes first.
        process.send('soon');
      });
      process.on('SIGINT', () => {
        console.log('closing the pool');
        setTimeout(() => process.exit(0), 20);
      });
      setInterval(() => {}, 1000);`,
    'primary.js': `
      require('cluster').on('message', (worker, message) => {
        console.log('heard', message);
        if (message === 'soon') worker.send('go on');
      });`,
  });
  const program = await serve('start', 'app.js', '-i', '2', '--wait-ready', '--name', 'api', '--primary', 'primary.js');
  assert.ok(program.lines(/^heard ready$/).length === 2, program.output);
  assert.strictEqual(await get(port), 'served');
  assert.strictEqual((await command('reload')).code, 0);
  await program.line(/^closing the pool$/, 2);
  process.kill(program.pid, 'SIGTERM');
  assert.strictEqual(await program.end(), 0);
  assert.strictEqual(program.lines(/^closing the pool$/).length, 4);
});

test('a worker gets the signal that is asked for', limit, async (t) => {
  const { serve } = await place(t, {
    'app.js': `
      require('http').createServer().listen(0, '127.0.0.1');
      setInterval(() => {}, 1000);
      for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT']) {
        process.on(signal, () => process.stdout.write(signal + '\\n', () => process.exit()));
      }`,
  });
  for (const [args, signal] of [
    [[], 'SIGTERM'],
    [['--stop-signal', 'SIGQUIT'], 'SIGQUIT'],
    [['--stop-signal', 'SIGUSR2'], ''], // It does not handle that.
  ]) {
    const program = await serve('app.js', '-w', '1', ...args);
    process.kill(program.pid, 'SIGTERM');
    assert.strictEqual(await program.end(), 0);
    assert.strictEqual(program.stdout.trim(), signal);
  }
});

test('the words of other process managers are understood', limit, async (t) => {
  const { command, serve, status } = await place(t);
  const program = await serve('start', 'app.js', '-i', '2', '--max-memory-restart', '1G', '--name', 'api');
  assert.strictEqual((await status()).size, 2);
  assert.match((await command('describe', 'api')).stdout, /^api: process/);
  assert.match((await command('show', 'all')).stdout, /^api: process/);
  assert.strictEqual((await command('delete', 'api')).stdout, 'api has stopped\n');
  assert.strictEqual(await program.end(), 0);
});

test('help fits a screen, and the version is that of the package', limit, async (t) => {
  const { command } = await place(t);
  const { stdout, code } = await command('--help');
  assert.strictEqual(code, 0);
  for (const word of ['-h', 'help']) assert.strictEqual((await command(word)).stdout, stdout);
  const lines = stdout.split('\n');
  assert.ok(lines.length <= 25 && lines.every((line) => line.length <= 80));
  for (const word of ['-v', '--version', 'version']) {
    assert.strictEqual((await command(word)).stdout.trim(), require('../package.json').version);
  }
});

describe('parts', () => {
  test('times and sizes', () => {
    assert.deepStrictEqual(['250ms', '10s', '1.5m', '1h'].map(parseTime), [250, 10_000, 90_000, 3_600_000]);
    assert.deepStrictEqual(['', '10', 's', '-1s', '1 s', '1d'].map(parseTime), Array(6).fill(undefined));
    assert.deepStrictEqual(['1024', '1K', '300M', '1GB', '2MiB'].map(parseSize), [
      1024,
      1024,
      300 * 2 ** 20,
      2 ** 30,
      2 ** 21,
    ]);
    assert.deepStrictEqual([500, 61_000, 3_600_000, 90_000_000].map(formatTime), ['0s', '1m 1s', '1h 0m', '1d 1h']);
  });

  test('lines in pieces', () => {
    const lines = new Lines();
    const add = (piece) => split(lines.add(Buffer.from(piece)));
    const umlaut = Buffer.from('ö');
    assert.deepStrictEqual(add('ein\nzw'), ['ein']);
    assert.deepStrictEqual(add(umlaut.subarray(0, 1)), []);
    assert.deepStrictEqual(add(umlaut.subarray(1)), []);
    assert.deepStrictEqual(add('lf\n\n'), ['zwölf', '']);
    assert.deepStrictEqual([split(lines.end()), add('x'), split(lines.end())], [[], [], ['x']]);
  });

  test('a line that is too long is cut between characters', () => {
    const lines = new Lines(10);
    const add = (piece) => split(lines.add(Buffer.from(piece)));
    assert.deepStrictEqual(add('0123456789'), []);
    assert.deepStrictEqual(add('ab'), ['0123456789']);
    assert.deepStrictEqual(add('€€€€'), ['ab€€']);
    assert.deepStrictEqual(add('\n'), ['€€']);
    assert.deepStrictEqual(add(Buffer.alloc(11, 0x80)).length, 1); // No text at all.
  });
});

for (const [kind, main, part, load] of [
  ['CommonJS', 'main.js', 'text.js', "const { text } = require('./text.js');"],
  ['an ES module', 'main.mjs', 'text.mjs', "import { text } from './text.mjs';"],
]) {
  test(`--watch reloads ${kind} when a file changes that it has loaded`, limit, async (t) => {
    const http = kind === 'CommonJS' ? "const http = require('node:http');" : "import http from 'node:http';";
    const told = (text) =>
      kind === 'CommonJS' ? `module.exports = { text: '${text}' };` : `export const text = '${text}';`;
    const server =
      "http.createServer((request, response) => response.end(text)).listen(process.env.PORT, '127.0.0.1');";
    const { folder, port, serve } = await place(t, { [main]: `${http}${load}${server}`, [part]: told('one') });
    const write = (text) => fs.writeFileSync(path.join(folder, part), text);
    const program = await serve(main, '-w', '2', '--watch', '--min-delay', '1ms', '--max-delay', '50ms');
    const answers = (text) =>
      until(
        async () => (await get(port)) === text,
        () => `${text}: ${program.output}`,
      );
    const reloads = () => program.stderr.match(/ has been reloaded$/gm)?.length ?? 0;
    await answers('one');

    write(told('two'));
    await until(
      () => reloads() === 1,
      () => `a reload: ${program.output}`,
    );
    await answers('two');
    assert.match(program.stderr, new RegExp(`^cluster-rs: ${path.join(folder, part)} has changed$`, 'm'));

    // One that is broken changes nothing; the next change is another try.
    write('broken(');
    await until(
      () => /^cluster-rs: Reload failed, old workers kept: /m.test(program.stderr),
      () => program.output,
    );
    assert.strictEqual(await get(port), 'two');
    write(told('three'));
    await until(
      () => reloads() === 2,
      () => `another reload: ${program.output}`,
    );
    await answers('three');
  });
}

test('--watch goes on when the folder of the program is built anew', limit, async (t) => {
  const source = (text) =>
    `require('node:http').createServer((_, response) => response.end('${text}')).listen(process.env.PORT, '127.0.0.1');`;
  const { folder, port, serve } = await place(t);
  const build = (text) => {
    fs.rmSync(path.join(folder, 'dist'), { recursive: true, force: true });
    fs.mkdirSync(path.join(folder, 'dist'));
    fs.writeFileSync(path.join(folder, 'dist/main.js'), source(text));
  };
  build('one');
  const program = await serve('dist/main.js', '-w', '1', '--watch');
  for (const text of ['two', 'three', 'four']) {
    build(text);
    await until(
      async () => (await get(port)) === text,
      () => `${text}: ${program.output}`,
    );
  }
});
