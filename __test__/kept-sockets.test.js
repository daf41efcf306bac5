'use strict';

// Listening sockets that the manager of a service keeps for its next start: systemd's file descriptor store.

const assert = require('node:assert');
const { spawn, spawnSync } = require('node:child_process');
const dgram = require('node:dgram');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const readline = require('node:readline');
const { test } = require('node:test');
const {
  childrenOf,
  cleanEnvironment,
  freePort,
  get,
  gone,
  isFree,
  isPortable,
  kill,
  root,
  scratch,
  until,
  write,
} = require('./support.js');

const python = spawnSync('python3', ['--version']).status === 0;
const limit = {
  timeout: 120_000,
  skip: (!python && 'python3 plays systemd') || (isPortable && 'sockets are kept with the addon only'),
};

/**
 * A manager that keeps what it is given, and starts the service with that for each line of its standard input, in which
 * there are variables. Prints what it is told.
 */
const MANAGER = `
import os, select, socket, sys
name, program = sys.argv[1], sys.argv[2:]
notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notify.bind(name)
store = []
activated = [] # by a socket of its own

def say(*words):
    os.write(1, (' '.join(map(str, words)) + '\\n').encode()) # In one piece, between what the service prints.

def start(variables):
    pid = os.fork()
    if pid:
        return say('started', pid)
    env = dict(os.environ, NOTIFY_SOCKET=name)
    env.update(word.split('=', 1) for word in variables)
    if 'ACTIVATE' in env:
        server = socket.create_server(('127.0.0.1', int(env['ACTIVATE'])))
        activated.append(('web.socket', server.detach()))
    passed = activated + store
    for i, (_, fd) in enumerate(passed):
        os.dup2(fd, 100 + i, False)
    for i in range(len(passed)):
        os.dup2(100 + i, 3 + i)
    if passed:
        env.update(LISTEN_FDS=str(len(passed)), LISTEN_PID=str(os.getpid()), LISTEN_FDNAMES=':'.join(n for n, _ in passed))
    os.execve(program[0], program, env)

def hear():
    global store
    text, fds, _, _ = socket.recv_fds(notify, 4096, 8)
    lines = dict(line.split('=', 1) for line in text.decode('ascii').split('\\n'))
    for fd in fds:
        os.set_inheritable(fd, False)
    said = lines.get('FDNAME')
    if 'FDSTORE' in lines:
        store += [(said, fd) for fd in fds]
        return say('store', said, 'poll', lines.get('FDPOLL'))
    for fd in fds:
        os.close(fd)
    if 'FDSTOREREMOVE' in lines:
        for n, fd in store:
            if n == said:
                os.close(fd)
        store = [(n, fd) for n, fd in store if n != said]
        return say('remove', said)
    say(*lines)

while True:
    ready, _, _ = select.select([notify, sys.stdin], [], [], 0.02)
    if notify in ready:
        hear()
    elif sys.stdin in ready:
        start(sys.stdin.readline().split())
    try:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid:
            say('ended', pid)
    except ChildProcessError:
        pass
`;

/** Listens where it is told. */
function app() {
  const { HOST = '127.0.0.1', PORT, SOCKET, UDP } = process.env;
  const http = require('http');
  const serve = (...where) => http.createServer((_, response) => response.end(`${process.pid}`)).listen(...where);
  if (PORT) serve(PORT, HOST);
  if (SOCKET) serve(SOCKET);
  if (!UDP) return;
  const socket = require('dgram').createSocket('udp4');
  socket.on('message', (text, { port }) => socket.send(`${text} ${process.pid}`, port, '127.0.0.1'));
  socket.bind(UDP, '127.0.0.1');
  serve(0, '127.0.0.1');
}

function primary(exec) {
  const cluster = require('cluster');
  const fs = require('fs');
  cluster.setupPrimary({ exec });
  const env = () => (fs.existsSync(process.env.ELSEWHERE) ? { PORT: process.env.OTHER } : {});
  const supervisor = cluster.supervise({ workers: 2, startTimeout: 2000, env });
  supervisor.once('ready', () => console.log(`ready ${process.pid} ${process.env.FDSTORE}`));
  supervisor.on('startFailed', (_, error) => console.log(error.message));
  process.on('SIGWINCH', () => {
    throw new Error('a defect in the primary');
  });
}

/** A manager, and what it starts. */
class Manager {
  lines = [];

  constructor(t) {
    this.notify = path.join(scratch(t), 'notify');
    const program = [process.execPath, '-r', path.join(root, 'register.js'), write(t, primary, write(t, app))];
    this.child = spawn('python3', ['-c', MANAGER, this.notify, ...program], {
      env: cleanEnvironment(),
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      readline.createInterface({ input: stream }).on('line', (line) => this.lines.push(line));
    }
    const exited = once(this.child, 'exit');
    t.after(() => {
      process.kill(-this.child.pid, 'SIGKILL');
      return exited;
    });
  }

  matches(pattern) {
    return this.lines.map((line) => pattern.exec(line)).filter((match) => match !== null);
  }

  async line(pattern, count = 1) {
    const found = await until(
      () => this.matches(pattern).length >= count && this.matches(pattern),
      () => `${count} × ${pattern} in\n${this.lines.join('\n')}`,
    );
    return found[count - 1];
  }

  /** Starts the service; fulfilled with the primary's process id when its workers are ready. */
  async start(variables) {
    const count = this.matches(/^ready/).length + 1;
    const all = { FDSTORE: 8, ...variables };
    this.child.stdin.write(
      `${Object.entries(all)
        .map(([name, value]) => `${name}=${value}`)
        .join(' ')}\n`,
    );
    const [, pid, room] = await this.line(/^ready (\d+) (.*)$/, count);
    assert.strictEqual(room, 'undefined'); // It is for the primary alone.
    return Number(pid);
  }

  async ended(pid) {
    await this.line(new RegExp(`^ended ${pid}$`));
  }

  /** What has been put there, and what has been removed. */
  get story() {
    return this.matches(/^(?:store|remove) (?:\S+)/).map(([text]) => text);
  }
}

/** A port of 127.0.0.1 to which no socket for datagrams is bound. */
async function freeUdpPort() {
  const socket = dgram.createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  await new Promise((resolve) => socket.close(resolve));
  return port;
}

async function udpClient(t) {
  const client = dgram.createSocket('udp4').bind(0, '127.0.0.1');
  t.after(() => client.close());
  await once(client, 'listening');
  return client;
}

for (const policy of ['rr', 'none']) {
  test(`a primary that is killed is started again with its sockets: ${policy}`, limit, async (t) => {
    const manager = new Manager(t);
    const [port, udp, socketPath] = [await freePort(), await freeUdpPort(), path.join(scratch(t), 'ü:web.sock')];
    const variables = { PORT: port, SOCKET: socketPath, UDP: udp, NODE_CLUSTER_SCHED_POLICY: policy };
    const first = await manager.start(variables);
    const escaped = socketPath.replace('ü', '%C3%BC').replace(':', '%3A');
    const names = [`tcp4-127.0.0.1-${port}`, `unix-${escaped}`, `udp4-127.0.0.1-${udp}`];
    const expected = names.map((name) => `store cluster-rs-${name}`);
    assert.deepStrictEqual(manager.story.sort(), expected.sort());
    assert.strictEqual(manager.matches(/^store \S+ poll 0$/).length, 3);

    const workers = childrenOf(first);
    await kill(first);
    await manager.ended(first);
    await gone(workers); // They may accept as long as they live.
    const client = await udpClient(t);
    const waiting = [get(port), get(undefined, { socketPath }), get(port)];
    const heard = once(client, 'message');
    client.send('waits', udp, '127.0.0.1');
    const second = await manager.start(variables);
    for (const text of await Promise.all(waiting)) assert.match(text, /^\d+$/);
    assert.match(`${(await heard)[0]}`, /^waits \d+$/);
    assert.deepStrictEqual(manager.story.sort(), expected.sort()); // There is nothing to be told.

    // They are kept for good.
    const others = childrenOf(second);
    await kill(second);
    await gone(others);
    const again = get(undefined, { socketPath });
    await manager.start(variables);
    assert.match(await again, /^\d+$/);
  });
}

test('a clean stop leaves it to the manager, but for files', limit, async (t) => {
  const manager = new Manager(t);
  const [port, socketPath] = [await freePort(), path.join(scratch(t), 'web.sock')];
  const variables = { PORT: port, SOCKET: socketPath };
  const first = await manager.start(variables);
  process.kill(first, 'SIGTERM');
  await manager.ended(first);
  await manager.line(new RegExp(`^remove cluster-rs-unix-${socketPath}$`));
  assert.strictEqual(manager.matches(/^remove/).length, 1);
  assert.ok(!fs.existsSync(socketPath));
  const waiting = get(port);
  await manager.start(variables);
  assert.match(await waiting, /^\d+$/);
  assert.match(await get(undefined, { socketPath }), /^\d+$/);
});

test('so does a primary that fails, which leaves its files as well', limit, async (t) => {
  const manager = new Manager(t);
  const socketPath = path.join(scratch(t), 'web.sock');
  const first = await manager.start({ SOCKET: socketPath });
  process.kill(first, 'SIGWINCH');
  await manager.ended(first);
  const waiting = get(undefined, { socketPath });
  await manager.start({ SOCKET: socketPath });
  assert.match(await waiting, /^\d+$/);
  assert.strictEqual(manager.story.length, 1);
});

test('one whose file has gone is made anew', limit, async (t) => {
  const manager = new Manager(t);
  const socketPath = path.join(scratch(t), 'web.sock');
  await kill(await manager.start({ SOCKET: socketPath }));
  fs.rmSync(socketPath);
  await manager.start({ SOCKET: socketPath });
  assert.match(await get(undefined, { socketPath }), /^\d+$/);
  assert.deepStrictEqual(
    manager.story.map((text) => text.split(' ')[0]),
    ['store', 'remove', 'store'],
  );
});

test('what no server asks for any more is removed, and nobody is warned', limit, async (t) => {
  const manager = new Manager(t);
  const [port, other] = [await freePort(), await freePort()];
  await kill(await manager.start({ PORT: port }));
  await manager.start({ PORT: other });
  await manager.line(new RegExp(`^remove cluster-rs-tcp4-127.0.0.1-${port}$`));
  await until(() => isFree(port), 'the port');
  assert.deepStrictEqual(manager.matches(/CLUSTER_RS_SYSTEMD/), []);
});

test('another address at the same port is not in use', limit, async (t) => {
  const manager = new Manager(t);
  const port = await freePort();
  await kill(await manager.start({ PORT: port }));
  await manager.start({ PORT: port, HOST: '0.0.0.0' });
  assert.match(await get(port), /^\d+$/);
  assert.deepStrictEqual(manager.matches(/EADDRINUSE|exited with/), []);
  assert.deepStrictEqual(
    manager.story.map((text) => text.split(' ')[0]),
    ['store', 'remove', 'store'],
  );
});

test('a port that a reload gives up is removed', limit, async (t) => {
  const manager = new Manager(t);
  const [port, other, elsewhere] = [await freePort(), await freePort(), path.join(scratch(t), 'elsewhere')];
  const pid = await manager.start({ PORT: port, OTHER: other, ELSEWHERE: elsewhere });
  fs.writeFileSync(elsewhere, '');
  process.kill(pid, 'SIGHUP');
  await manager.line(new RegExp(`^store cluster-rs-tcp4-127.0.0.1-${other} `));
  await manager.line(new RegExp(`^remove cluster-rs-tcp4-127.0.0.1-${port}$`));
});

for (const [what, room, stored] of [
  ['no more than there is room for', 1, 1],
  ['nothing without a store', 0, 0],
]) {
  test(`${what} is put there`, limit, async (t) => {
    const manager = new Manager(t);
    await manager.start({ PORT: await freePort(), UDP: await freeUdpPort(), FDSTORE: room });
    await manager.line(/^READY/);
    assert.strictEqual(manager.story.length, stored);
  });
}

test('one that the manager has opened itself is not put there', limit, async (t) => {
  const manager = new Manager(t);
  const [port, udp] = [await freePort(), await freeUdpPort()];
  await manager.start({ ACTIVATE: port, PORT: port, UDP: udp });
  assert.match(await get(port), /^\d+$/);
  assert.deepStrictEqual(manager.story, [`store cluster-rs-udp4-127.0.0.1-${udp}`]);
});
