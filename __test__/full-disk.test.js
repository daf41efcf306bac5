'use strict';

// The output of the command where there is no room for it.

const assert = require('node:assert');
const { spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { cleanEnvironment, freePort, get, root, scratch, start, until } = require('./support.js');

const bin = path.join(root, 'bin', 'cluster-rs.js');
const namespaces = process.getuid() === 0 && spawnSync('unshare', ['--mount', 'true']).status === 0;
const limit = { timeout: 120_000, skip: !namespaces && 'needs root, to mount' };

// How large the disk is, and how much of it is left, in bytes.
const SIZE = 65_536;
const ROOM = 32_768;

// What the program prints for a request. No page of the disk ends where a line does.
const TEXT = 'x'.repeat(700);

const app = `
  require('node:http').createServer((request, response) => {
    console.log(request.url, '${TEXT}');
    response.end();
  }).listen(process.env.PORT, '127.0.0.1');
`;

/** Starts the command with its output on a small disk. */
async function startOnSmallDisk(t, redirection) {
  const folder = scratch(t);
  fs.writeFileSync(path.join(folder, 'app.js'), app);
  fs.mkdirSync(path.join(folder, 'disk'));
  const port = await freePort();
  const script = `
    mount -t tmpfs -o size=${SIZE} tmpfs disk
    head -c ${SIZE - ROOM} /dev/zero > disk/filler
    exec "$0" "$@" ${redirection}`;
  const child = spawn('unshare', ['--mount', 'sh', '-c', script, process.execPath, bin, 'app.js', '-w', '2'], {
    cwd: folder,
    env: { ...cleanEnvironment(), XDG_RUNTIME_DIR: folder, PORT: `${port}` },
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  });
  const exited = once(child, 'exit');
  t.after(() => {
    if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid, 'SIGKILL');
    return exited;
  });
  const disk = `/proc/${child.pid}/root${folder}/disk`;
  const service = { disk, exited, pid: child.pid, stderr: '', requests: 0 };
  child.stderr.setEncoding('utf8').on('data', (text) => (service.stderr += text));
  service.log = () => fs.readFileSync(path.join(disk, 'log'), 'utf8');
  service.ask = () => get(port, { path: `/${++service.requests}` });
  await until(
    () =>
      get(port, { path: '/' }).then(
        () => true,
        () => false,
      ),
    () => `an answer: ${service.stderr}`,
  );
  return service;
}

/** Asks until something has been said. */
async function askUntilSaid(service, said, text) {
  await until(
    async () => {
      await service.ask();
      return said().includes(text);
    },
    () => `${text} in ${said()}`,
  );
}

test('lines that a full disk has no room for are counted, and later ones are written', limit, async (t) => {
  const service = await startOnSmallDisk(t, '>> disk/log');
  const said = () => service.stderr;
  await askUntilSaid(service, said, "standard output can't be written to, and lines are being lost: ENOSPC");
  for (let i = 0; i < 20; i++) await service.ask();
  fs.rmSync(path.join(service.disk, 'filler'));
  await askUntilSaid(service, said, 'standard output is being written to again: ');
  await service.ask();

  assert.strictEqual(said().match(/lines are being lost/g).length, 1);
  const lost = Number(/again: (\d+) lines were lost/.exec(said())[1]);
  assert.ok(lost >= 1);
  let lines;
  let whole;
  // Those of two workers come in any order.
  await until(
    () => {
      lines = service.log().split('\n').slice(0, -1);
      whole = lines.filter((line) => line.endsWith(` ${TEXT}`) && /^\/\d* x+$/.test(line));
      return whole.length + lost === 1 + service.requests;
    },
    () => `${whole.length} lines and ${lost} lost to be ${1 + service.requests}`,
  );
  assert.ok(lines.length - whole.length <= 1, 'one line at most has been cut by the end of the room');
  process.kill(service.pid, 'SIGTERM');
  assert.deepStrictEqual(await service.exited, [0, null]);
});

test('so it is where both outputs are on that disk', limit, async (t) => {
  const service = await startOnSmallDisk(t, '>> disk/log 2>&1');
  const size = () => fs.statSync(path.join(service.disk, 'log')).size;
  // The line at the end of the room is cut.
  await until(async () => {
    await service.ask();
    return size() === ROOM;
  }, 'the end of the room');
  fs.rmSync(path.join(service.disk, 'filler'));
  await askUntilSaid(service, service.log, 'cluster-rs: standard output is being written to again: ');
  const last = `/${service.requests} ${TEXT}\n`;
  await until(() => service.log().includes(last), 'the last line');
  process.kill(service.pid, 'SIGTERM');
  await until(() => service.log().endsWith('cluster-rs: app is stopping\n'), service.log);
  assert.deepStrictEqual(await service.exited, [0, null]);
});

test('the command that reads them says why it can not print them', { timeout: 120_000 }, async (t) => {
  const folder = scratch(t);
  fs.writeFileSync(path.join(folder, 'app.js'), `console.log('${TEXT}'); ${app}`);
  const options = { cwd: folder, env: { XDG_RUNTIME_DIR: folder, PORT: `${await freePort()}` } };
  const service = start(t, [bin, 'app.js', '-w', '1', '--name', 'api'], options);
  await service.line(/^x+$/);
  const script = 'exec "$0" "$1" logs api --no-follow > /dev/full';
  const { status, stderr } = spawnSync('sh', ['-c', script, process.execPath, bin], {
    cwd: folder,
    env: { ...cleanEnvironment(), XDG_RUNTIME_DIR: folder },
    encoding: 'utf8',
  });
  assert.strictEqual(status, 1);
  assert.match(stderr, /^cluster-rs: standard output can't be written to: ENOSPC/);
});
