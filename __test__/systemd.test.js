'use strict';

// A supervised program as a service of systemd, and as the first process of a container.

const assert = require('node:assert');
const { spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const readline = require('node:readline');
const { test } = require('node:test');
const {
  cleanEnvironment,
  freePort,
  get,
  isPortable,
  root,
  run,
  scratch,
  start,
  startOurs,
  until,
  write,
} = require('./support.js');

const limit = { timeout: 120_000 };
const python = spawnSync('python3', ['--version']).status === 0;

/** A manager that prints what it is told, a line for each message. Node has no Unix sockets for datagrams. */
const MANAGER = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
name = sys.argv[1]
s.bind('\\0' + name[1:] if name[0] == '@' else name)
print('bound', flush=True)
while True:
    print(s.recv(4096).decode().replace('\\n', ' '), flush=True)
`;

async function manager(t, name) {
  const child = spawn('python3', ['-c', MANAGER, name], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const messages = [];
  readline.createInterface({ input: child.stdout }).on('line', (line) => messages.push(line));
  await until(() => messages.shift() === 'bound', 'the manager');
  const message = (pattern, count = 1) =>
    until(
      () => messages.filter((text) => pattern.test(text)).length >= count,
      () => `${pattern} in ${messages.join('\n')}`,
    );
  return { message, messages };
}

function app() {
  const { NOTIFY_SOCKET, WATCHDOG_USEC, LISTEN_FDS } = process.env;
  if (require('fs').existsSync(process.env.BROKEN)) process.exit(1);
  const server = require('http').createServer((request, response) => {
    response.end(JSON.stringify([process.pid, NOTIFY_SOCKET, WATCHDOG_USEC, LISTEN_FDS]));
  });
  server.listen(process.env.WHERE ?? Number(process.env.PORT));
}

function primary(exec) {
  const cluster = require('cluster');
  cluster.setupPrimary({ exec });
  const supervisor = cluster.supervise({ workers: 2 });
  supervisor.once('ready', () => console.log(`ready ${process.pid}`));
}

const program = (t) => write(t, primary, write(t, app));

for (const [what, nameOf] of [
  ['a path', (t) => path.join(scratch(t), 'notify')],
  ['an abstract name', () => `@cluster-rs-${process.pid}-${Math.random()}`],
]) {
  test(`systemd hears of it at ${what}`, { ...limit, skip: !python && 'python3 plays systemd' }, async (t) => {
    const name = nameOf(t);
    const { message, messages } = await manager(t, name);
    const port = await freePort();
    const broken = path.join(scratch(t), 'broken');
    const env = { PORT: `${port}`, NOTIFY_SOCKET: name, WATCHDOG_USEC: '400000', BROKEN: broken };
    const service = startOurs(t, [program(t)], { env });
    await message(/^READY=1 STATUS=2 of 2 workers$/);
    const [, ...variables] = JSON.parse(await get(port));
    assert.deepStrictEqual(variables, [null, null, null]);
    await message(/^WATCHDOG=1$/, 2);
    process.kill(service.pid, 'SIGHUP');
    await message(/^READY=1/, 2);
    assert.match(
      messages.find((text) => text.startsWith('RELOADING=1')),
      /^RELOADING=1 MONOTONIC_USEC=\d+ STATUS=Reloading 2 workers$/,
    );
    fs.writeFileSync(broken, '');
    process.kill(service.pid, 'SIGHUP');
    await message(/^READY=1/, 3); // It has failed, and is over.
    process.kill(service.pid, 'SIGTERM');
    await message(/^STOPPING=1/);
    assert.strictEqual(await service.end(), 0);
  });
}

const upgradable = { ...limit, skip: isPortable || (!python && 'python3 plays systemd') };

test('systemd hears which process is the main one after an upgrade', upgradable, async (t) => {
  const folder = scratch(t);
  const name = path.join(folder, 'notify');
  const { message, messages } = await manager(t, name);
  const env = { PORT: `${await freePort()}`, NOTIFY_SOCKET: name, WATCHDOG_USEC: '400000', XDG_RUNTIME_DIR: folder };
  const bin = path.join(root, 'bin', 'cluster-rs.js');
  const service = start(t, [bin, write(t, app), '-w', '2', '--name', 'app'], { env });
  await message(/^READY=1/);
  const { code, stderr } = await run(t, [bin, 'upgrade', 'app'], { env });
  assert.strictEqual(code, 0, stderr);
  assert.strictEqual(await service.exited, 0);
  await message(/^MAINPID=/);
  const main = messages.findIndex((text) => text.startsWith('MAINPID='));
  const pid = Number(messages[main].slice('MAINPID='.length));
  await until(() => messages.slice(main).some((text) => text.startsWith('READY=1')), 'the new main process');
  await until(() => messages.slice(main).includes('WATCHDOG=1'), 'its watchdog');
  assert.ok(!messages.some((text) => text.startsWith('STOPPING=1')), messages.join('\n'));
  process.kill(pid, 'SIGTERM');
  await message(/^STOPPING=1/);
});

/** Becomes the program that it is told, with a listening socket as descriptor 3 that waits, as systemd's do. */
const ACTIVATOR = `
import os, sys
os.set_blocking(3, True)
os.environ['LISTEN_PID'] = os.environ.get('LISTEN_PID') or str(os.getpid())
os.execv(sys.argv[1], sys.argv[1:])
`;

/** Starts the program with a listening socket. */
async function activate(t, listen, env) {
  const server = net.createServer().listen(listen);
  await once(server, 'listening');
  const { port } = server.address();
  const args = ['-c', ACTIVATOR, process.execPath, '-r', path.join(root, 'register.js'), program(t)];
  const child = spawn('python3', args, {
    env: { ...cleanEnvironment(), LISTEN_FDS: '1', PORT: `${port}`, ...env },
    stdio: ['ignore', 'pipe', 'pipe', server._handle.fd],
    detached: true,
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
  const exited = once(child, 'exit');
  t.after(() => {
    if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid, 'SIGKILL');
    return exited;
  });
  // From now on only the service has it. Node removes the file of a socket that it closes.
  if (listen.path) fs.linkSync(listen.path, `${listen.path}.kept`);
  server._handle.close();
  if (listen.path) fs.renameSync(`${listen.path}.kept`, listen.path);
  return {
    child,
    port,
    has: (pattern) =>
      until(
        () => pattern.test(stdout + stderr),
        () => `${pattern} in ${stdout}${stderr}`,
      ),
  };
}

const withPython = { ...limit, skip: !python && 'python3 plays systemd' };

test('a socket that systemd has opened is used', withPython, async (t) => {
  const { child, port, has } = await activate(t, { port: 0, host: '127.0.0.1' });
  await has(/^ready/m);
  const [, , , sockets] = JSON.parse(await get(port));
  assert.strictEqual(sockets, null);
  // It is that one, which is bound to one address, and not one that the program would have opened.
  const listens = fs.readFileSync('/proc/net/tcp', 'latin1') + fs.readFileSync('/proc/net/tcp6', 'latin1');
  const wanted = new RegExp(` 0100007F:${port.toString(16).toUpperCase().padStart(4, '0')} 00000000:0000 0A `, 'g');
  const any = new RegExp(`:${port.toString(16).toUpperCase().padStart(4, '0')} 0+:0000 0A `, 'g');
  assert.deepStrictEqual([listens.match(wanted)?.length, listens.match(any)?.length], [1, 1]);
  process.kill(child.pid, 'SIGHUP');
  await get(port);
  process.kill(child.pid, 'SIGTERM');
  const [code] = await once(child, 'exit');
  assert.strictEqual(code, 0);
});

test('one that no server uses is told of', withPython, async (t) => {
  const { port, has } = await activate(t, { port: 0, host: '127.0.0.1' }, { PORT: `${await freePort()}` });
  await has(new RegExp(`CLUSTER_RS_SYSTEMD.* 127.0.0.1:${port}`));
});

test('so is one with a path, which stays when the service goes', withPython, async (t) => {
  const socketPath = path.join(scratch(t), 'web.sock');
  const { child, has } = await activate(t, { path: socketPath }, { WHERE: socketPath });
  await has(/^ready/m);
  assert.match(await get(undefined, { socketPath }), /^\[\d+/);
  process.kill(child.pid, 'SIGTERM');
  await once(child, 'exit');
  assert.ok(fs.existsSync(socketPath));
});

test('sockets that are for another process are left alone', withPython, async (t) => {
  const { has } = await activate(t, { port: 0, host: '127.0.0.1' }, { LISTEN_PID: '1' });
  await has(/EADDRINUSE/);
});

test('what is no socket of systemd stays open, though it should be one', withPython, async (t) => {
  const { port, has } = await activate(t, { port: 0, host: '127.0.0.1' }, { LISTEN_FDS: '16' });
  await has(/CLUSTER_RS_SYSTEMD.* is not a socket/);
  await has(/^ready/m);
  assert.match(await get(port), /^\[\d+/);
});

const namespaces = spawnSync('unshare', ['--pid', '--fork', '--mount-proc', 'true']).status === 0;

test(
  'as process 1 it stops on SIGTERM and reaps orphans',
  { ...limit, skip: !namespaces && 'needs namespaces' },
  async (t) => {
    const folder = scratch(t);
    const port = await freePort();
    // Each request leaves a process behind whose parent has ended.
    const file = write(
      t,
      `const { spawn } = require('child_process');
     const fs = require('fs');
     require('http').createServer((request, response) => {
       if (request.url === '/orphan') spawn('sh', ['-c', 'sleep 0.1 & exit']).on('exit', () => response.end());
       else response.end(fs.readdirSync('/proc').filter((name) => /^\\d+$/.test(name)).map((name) => {
         try { return fs.readFileSync('/proc/' + name + '/stat', 'latin1').split(') ')[1][0]; } catch { return ''; }
       }).filter((state) => state === 'Z').length + ' ' + process.ppid);
     }).listen(${port}, '127.0.0.1');`,
    );
    const args = [
      '--pid',
      '--fork',
      '--mount-proc',
      process.execPath,
      path.join(root, 'bin', 'cluster-rs.js'),
      file,
      '-w',
      '2',
    ];
    const child = spawn('unshare', args, {
      env: { ...cleanEnvironment(), XDG_RUNTIME_DIR: folder },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const exited = once(child, 'exit');
    let text = '';
    child.stderr.setEncoding('utf8').on('data', (part) => (text += part));
    const first = () => Number(fs.readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'latin1').trim());
    t.after(async () => {
      if (child.exitCode === null) process.kill(first(), 'SIGKILL');
      await exited;
    });
    await until(
      () => /is running with 2 workers, process 1\n/.test(text),
      () => text,
    );
    for (let i = 0; i < 5; i++) await get(port, { path: '/orphan' });
    await until(async () => (await get(port)) === '0 1', 'an end of all orphans');
    process.kill(first(), 'SIGTERM');
    const [code] = await exited;
    assert.strictEqual(code, 0);
  },
);
