'use strict';

// The command where the folder for its sockets is somebody else's, or there can be none.

const assert = require('node:assert');
const { spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { cleanEnvironment, freePort, get, root, run, scratch, start, until } = require('./support.js');

const limit = { timeout: 120_000 };
const bin = path.join(root, 'bin', 'cluster-rs.js');
const isRoot = process.getuid() === 0;
const namespaces = isRoot && spawnSync('unshare', ['--mount', 'true']).status === 0;
const asRoot = { ...limit, skip: !isRoot && 'needs root, to be another user' };
const withMounts = { ...limit, skip: !namespaces && 'needs root, to mount' };

// Another user, whom this machine need not know.
const SOMEBODY = 54_321;

const app = `
  require('node:http').createServer((request, response) => response.end('served')).listen(process.env.PORT, '127.0.0.1');
`;

/** A folder that anybody may look into, with a program. */
function makePlace(t) {
  const folder = scratch(t);
  fs.chmodSync(folder, 0o755);
  fs.writeFileSync(path.join(folder, 'app.js'), app);
  const shared = path.join(folder, 'shared');
  fs.mkdirSync(shared);
  fs.chmodSync(shared, 0o1777);
  return { folder, shared };
}

/** Starts a process that is not just Node, in its own group. */
function launch(t, [file, ...args], { env, ...options }) {
  const given = { ...cleanEnvironment(), XDG_RUNTIME_DIR: undefined, ...env };
  const child = spawn(file, args, { stdio: 'pipe', detached: true, env: given, ...options });
  const exited = once(child, 'exit');
  const found = { child, text: '', exited };
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => (found.text += text));
  t.after(() => {
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // All have gone.
    }
    return exited;
  });
  return found;
}

/** Waits until it serves, and ends it; it ends with 0. */
async function assertServes(program, port) {
  await until(
    () => / is running with /.test(program.text) || program.child.exitCode !== null,
    () => program.text,
  );
  assert.strictEqual(await get(port), 'served');
  process.kill(program.child.pid, 'SIGTERM');
  assert.deepStrictEqual(await program.exited, [0, null]);
}

test('a folder that somebody else has made keeps nobody from running', asRoot, async (t) => {
  const { folder, shared } = makePlace(t);
  const port = await freePort();
  fs.mkdirSync(path.join(shared, `cluster-rs-${SOMEBODY}`), { mode: 0o700 });
  const options = { cwd: folder, uid: SOMEBODY, gid: SOMEBODY, env: { TMPDIR: shared, PORT: `${port}` } };
  const program = launch(t, [process.execPath, bin, 'app.js', '-w', '1'], options);
  await assertServes(program, port);
  const occupied = path.join(shared, `cluster-rs-${SOMEBODY}`);
  assert.match(program.text, /^cluster-rs: app is running without commands, which can't reach it: /m);
  assert.ok(program.text.includes(`${occupied} must be a folder of your own with mode 700`), program.text);

  const list = launch(t, [process.execPath, bin, 'list'], options);
  assert.deepStrictEqual(await list.exited, [1, null]);
  await until(() => list.text.includes(occupied), 'the folder');
});

test('what cannot be written to keeps nobody from running', withMounts, async (t) => {
  const { folder, shared } = makePlace(t);
  const port = await freePort();
  const readOnly =
    'mount -o remount,bind,ro / && for d in /run /tmp; do mount --bind $d $d && mount -o remount,bind,ro $d; done';
  for (const TMPDIR of [shared, path.join(folder, 'missing')]) {
    const options = { cwd: folder, env: { TMPDIR, PORT: `${port}` } };
    const script = `${readOnly}; cd "$PWD"; exec "$0" "$@"`;
    const args = ['unshare', '--mount', 'sh', '-c', script, process.execPath, bin, 'app.js', '-w', '1'];
    const program = launch(t, args, options);
    await assertServes(program, port);
    assert.match(program.text, /running without commands, .*\/run\/cluster-rs can't be used \(EROFS\)/);
    assert.match(
      program.text,
      TMPDIR === shared ? /shared\/cluster-rs-0 .*EROFS/ : /missing\/cluster-rs-0 .*(EROFS|ENOENT)/,
    );
  }
});

test('the superuser has a folder where nobody else can make one', withMounts, async (t) => {
  const { folder, shared } = makePlace(t);
  const port = await freePort();
  const script = `
    mount -t tmpfs -o mode=755 tmpfs /run
    "$0" "$@" app.js -w 1 --name api &
    while ! "$0" "$@" status api 2> /dev/null; do sleep 0.1; done
    "$0" "$@" list
    ls /run/cluster-rs
    "$0" "$@" stop api
    "$0" "$@" list
    wait $!`;
  const env = { TMPDIR: shared, PORT: `${port}` };
  const program = launch(t, ['unshare', '--mount', 'sh', '-c', script, process.execPath, bin], { cwd: folder, env });
  assert.deepStrictEqual(await program.exited, [0, null]);
  assert.match(program.text, /^api\.sock$/m);
  assert.ok(
    program.text.includes(`nothing is running; searched /run/cluster-rs and ${shared}/cluster-rs-0`),
    program.text,
  );
});

test('a service is found where it is, whoever looks from where', limit, async (t) => {
  const { folder, shared } = makePlace(t);
  const user = process.getuid();
  const env = { TMPDIR: shared, XDG_RUNTIME_DIR: path.join(folder, 'gone'), PORT: `${await freePort()}` };
  const listed = await run(t, [bin, 'list'], { env });
  assert.strictEqual(listed.code, 0);
  assert.match(listed.stdout, new RegExp(`^nothing is running; searched .*${shared}/cluster-rs-${user}\n$`));
  assert.ok(!fs.existsSync(path.join(shared, `cluster-rs-${user}`)), 'looking makes no folder');

  // As from a service that has no session, beside one that has.
  fs.mkdirSync(path.join(shared, `cluster-rs-${user}`), { mode: 0o700 });
  const own = path.join(folder, 'own');
  fs.mkdirSync(own, { mode: 0o700 });
  const program = start(t, [bin, 'app.js', '-w', '1', '--name', 'api'], {
    cwd: folder,
    env: { ...env, XDG_RUNTIME_DIR: own },
  });
  await until(
    () => / is running with /.test(program.stderr),
    () => program.output,
  );
  assert.deepStrictEqual(fs.readdirSync(path.join(own, 'cluster-rs')), ['api.sock']);
  fs.renameSync(path.join(own, 'cluster-rs', 'api.sock'), path.join(shared, `cluster-rs-${user}`, 'api.sock'));
  assert.strictEqual((await run(t, [bin, 'status', 'api'], { env })).code, 0);
  assert.match((await run(t, [bin, 'list'], { env })).stdout, /^api /m);
  // It has the name, wherever another one would listen.
  const again = await run(t, [bin, path.join(folder, 'app.js'), '--name', 'api'], { env });
  assert.strictEqual(again.stderr, 'cluster-rs: api is running already: choose another --name\n');
  // Who names a folder of its own means that one.
  assert.strictEqual((await run(t, [bin, 'status', 'api'], { env: { ...env, XDG_RUNTIME_DIR: own } })).code, 3);
  assert.strictEqual((await run(t, [bin, 'stop', 'api'], { env })).code, 0);
  assert.strictEqual(await program.end(), 0);
});
