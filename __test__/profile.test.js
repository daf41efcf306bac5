'use strict';

// Profiles of workers: what is in them, and what is left of one that can't be finished.

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { freePort, get, kill, root, run, scratch, start, until } = require('./support.js');

const limit = { timeout: 120_000 };
const bin = path.join(root, 'bin', 'cluster-rs.js');
const namespaces = process.getuid() === 0 && spawnSync('unshare', ['--mount', 'true']).status === 0;

const app = `
  // Called too seldom to become a part of what calls it.
  function burn() {
    for (const end = Date.now() + 500; Date.now() < end;);
  }
  if (process.env.BUSY) setInterval(burn, 1);
  if (process.env.LARGE) globalThis.large = Array.from({ length: 2e6 }, (_, i) => ({ i }));
  require('http').createServer((request, response) => response.end('done')).listen(process.env.PORT, '127.0.0.1');
`;

async function serve(t, { env, args = [] } = {}) {
  const folder = scratch(t);
  fs.writeFileSync(path.join(folder, 'app.js'), app);
  const port = await freePort();
  const options = { cwd: folder, env: { XDG_RUNTIME_DIR: folder, PORT: `${port}`, ...env } };
  const program = start(t, [bin, 'app.js', '--name', 'api', '-w', '1', ...args], options);
  await until(
    () => program.stderr.includes(' is running with '),
    () => `a start in: ${program.output}`,
  );
  return {
    folder,
    files: () => fs.readdirSync(folder).filter((name) => /profile|snapshot/.test(name)),
    options,
    port,
    profile: (...words) => run(t, [bin, 'profile', ...words], options),
    program,
    startProfile: (...words) => start(t, [bin, 'profile', ...words], options),
  };
}

/** Waits until the last inspector that has been opened is closed. */
async function isClosed(program) {
  const opened = /listening on ws:\/\/127\.0\.0\.1:(\d+)(?!.*listening on ws:)/s;
  const [, port] = await until(() => opened.exec(program.stderr), 'an inspector');
  await until(
    () =>
      get(Number(port), { path: '/json/list' }).then(
        () => false,
        () => true,
      ),
    'the inspector to be closed',
  );
}

test('the function that takes the most time is the one that does', limit, async (t) => {
  const { program, profile } = await serve(t, { env: { BUSY: '1' } });
  const { code, stdout, stderr } = await profile('1', '--cpu', '1s');
  assert.strictEqual(code, 0, stderr);
  const { nodes } = JSON.parse(fs.readFileSync(stdout.trim(), 'utf8'));
  const times = new Map();
  for (const { callFrame, hitCount } of nodes) {
    times.set(callFrame.functionName, (times.get(callFrame.functionName) ?? 0) + hitCount);
  }
  for (const name of ['(root)', '(program)', '(idle)', '(garbage collector)']) times.delete(name);
  const [[hottest] = ['nothing']] = [...times].sort(([, a], [, b]) => b - a);
  assert.strictEqual(hottest, 'burn', JSON.stringify(nodes));
  await isClosed(program);
});

test('nothing is left of a heap snapshot that is stopped', limit, async (t) => {
  const { files, port, program, startProfile } = await serve(t, { env: { LARGE: '1' } });
  const stopped = startProfile('1', '--heap');
  await until(() => files().some((name) => name.endsWith('.part')), 'a file');
  await until(() => program.stderr.includes('Debugger attached'), 'a debugger');
  stopped.child.kill('SIGINT');
  assert.strictEqual(await stopped.end(), 1);
  assert.match(stopped.stderr, /stopped before it was whole/);
  assert.deepStrictEqual(files(), []);
  await isClosed(program);
  assert.strictEqual(await get(port), 'done');
});

/** A profile for which there is much time. */
async function begin({ files, program, startProfile }) {
  const profile = startProfile('1', '--cpu', '1h', '--out', 'long.cpuprofile');
  await until(() => files().length > 0, 'a file');
  await until(() => program.stderr.includes('Debugger attached'), 'a debugger');
  return profile;
}

for (const [how, end] of [
  ['is killed', ({ program }) => kill(program.pid)],
  ['stops', ({ options, t }) => run(t, [bin, 'stop', 'api'], options)],
]) {
  test(`a profile is as long as its worker lives: the application ${how}`, limit, async (t) => {
    const service = await serve(t);
    const profile = await begin(service);
    await end({ ...service, t });
    assert.strictEqual(await profile.end(), 0, profile.output);
    assert.deepStrictEqual(service.files(), ['long.cpuprofile']);
    assert.ok(JSON.parse(fs.readFileSync(path.join(service.folder, 'long.cpuprofile'), 'utf8')).nodes.length > 0);
    await service.program.exited;
    assert.doesNotMatch(service.program.stderr, /SIGTERM|SIGKILL/);
  });
}

const onDisk = { ...limit, skip: !namespaces && 'needs root, to mount' };
test('nothing is left of a profile for which there is no room', onDisk, async (t) => {
  const { folder, options, port, program } = await serve(t);
  fs.mkdirSync(path.join(folder, 'disk'));
  const script = `
    mount -t tmpfs -o size=65536 tmpfs disk
    cd disk
    "$0" "$@"
    echo code $?, $(ls -A | wc -l) files`;
  const command = [process.execPath, bin, 'profile', '1', '--heap'];
  const { stderr, stdout } = spawnSync('unshare', ['--mount', 'sh', '-c', script, ...command], {
    cwd: folder,
    env: { ...process.env, ...options.env },
    encoding: 'utf8',
  });
  assert.strictEqual(stdout, 'code 1, 0 files\n', stderr);
  assert.match(stderr, /heapsnapshot can't be written: ENOSPC/);
  await isClosed(program);
  assert.strictEqual(await get(port), 'done');
});

test('a worker that has only just started is not ended', limit, async (t) => {
  const folder = scratch(t);
  const execPath = path.join(folder, 'slow.sh');
  fs.writeFileSync(execPath, `#!/bin/sh\nwhile [ ! -e ${folder}/go-on ]; do sleep 0.05; done\nexec "$NODE" "$@"\n`);
  fs.chmodSync(execPath, 0o755);
  fs.writeFileSync(path.join(folder, 'primary.js'), `process.execPath = ${JSON.stringify(execPath)};`);
  fs.writeFileSync(path.join(folder, 'app.js'), app);
  const options = {
    cwd: folder,
    env: { XDG_RUNTIME_DIR: folder, PORT: `${await freePort()}`, NODE: process.execPath },
  };
  const program = start(t, [bin, 'app.js', '--name', 'api', '-w', '1', '--primary', 'primary.js'], options);
  const workers = async () => {
    const { stdout } = await run(t, [bin, 'status', 'api', '--json'], options);
    return stdout === '' ? [] : JSON.parse(stdout).workers;
  };
  await until(async () => (await workers()).length === 1, 'a worker');
  const { code, stderr } = await run(t, [bin, 'profile', '1', '--heap'], options);
  assert.strictEqual(code, 1);
  assert.match(stderr, /worker 1 can't be looked into: it has no inspector, .* or has only just started$/m);
  fs.writeFileSync(path.join(folder, 'go-on'), '');
  await until(async () => (await workers()).every(({ id, state }) => id === 1 && state === 'ready'), 'worker 1');
  assert.doesNotMatch(program.stderr, /SIGUSR1/);
});
