'use strict';

// `cluster-rs top` on a terminal, which Python's `pty` makes, and without one.

const assert = require('node:assert');
const { spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { History } = require('../lib/command/top/history.js');
const { draw } = require('../lib/command/top/screen.js');
const { cleanEnvironment, freePort, get, gone, root, run, scratch, start, until } = require('./support.js');

const limit = { timeout: 120_000 };
const bin = path.join(root, 'bin', 'cluster-rs.js');
const isThere = spawnSync('python3', ['-c', 'import pty']).status === 0;
const onTerminal = { ...limit, skip: isThere ? false : 'python3 with its module pty is missing' };

// Runs a program on a terminal of its own, and passes on what both sides write. At its end it prints whether the terminal's
// settings are as they were, and how the program has ended.
const PTY = `
import fcntl, os, pty, select, struct, sys, termios
rows, columns = int(sys.argv[1]), int(sys.argv[2])
parent, child = pty.openpty()
fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))
before = termios.tcgetattr(child)
pid = os.fork()
if pid == 0:
    os.setsid()
    fcntl.ioctl(child, termios.TIOCSCTTY, 0)
    for fd in (0, 1, 2): os.dup2(child, fd)
    os.execvp(sys.argv[3], sys.argv[3:])
print('pid', pid, file=sys.stderr, flush=True)
status = None
while status is None:
    ready, _, _ = select.select([0, parent], [], [], 0.05)
    if parent in ready: os.write(1, os.read(parent, 65536))
    if 0 in ready:
        data = os.read(0, 1024)
        if data.startswith(b'size '):
            rows, columns = map(int, data.split()[1:])
            fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))
        elif data: os.write(parent, data)
    found, code = os.waitpid(pid, os.WNOHANG | os.WUNTRACED)
    if found and os.WIFSTOPPED(code):
        print('stopped', termios.tcgetattr(child) == before, file=sys.stderr, flush=True)
    elif found: status = code
while select.select([parent], [], [], 0.1)[0]: os.write(1, os.read(parent, 65536))
print('ended', termios.tcgetattr(child) == before, os.waitstatus_to_exitcode(status), file=sys.stderr, flush=True)
`;

const [ENTERED, LEFT] = ['\x1b[?1049h\x1b[?25l', '\x1b[?25h\x1b[?1049l'];

async function serve(t, ...args) {
  const folder = scratch(t);
  const port = await freePort();
  const app = `require('http').createServer((request, response) => response.end('x')).listen(${port}, '127.0.0.1')`;
  fs.writeFileSync(path.join(folder, 'app.js'), app);
  const options = { cwd: folder, env: { XDG_RUNTIME_DIR: folder } };
  const program = start(t, [bin, 'app.js', '--name', 'api', '-w', '2', ...args], options);
  await until(
    () => / is running with /.test(program.stderr),
    () => program.output,
  );
  return {
    folder,
    port,
    command: (...words) => run(t, [bin, ...words], options),
    async size() {
      const { stdout } = await run(t, [bin, 'status', 'api', '--json'], options);
      return JSON.parse(stdout).size;
    },
  };
}

/** `cluster-rs top` on a terminal. */
async function open(t, folder, { rows = 24, columns = 160, env } = {}) {
  const child = spawn('python3', ['-c', PTY, `${rows}`, `${columns}`, process.execPath, bin, 'top', 'api'], {
    cwd: folder,
    env: { ...cleanEnvironment(), TERM: 'xterm-256color', XDG_RUNTIME_DIR: folder, ...env },
  });
  let output = '';
  let told = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (told += text));
  child.stdin.on('error', () => {});
  t.after(async () => {
    child.kill('SIGKILL');
    const [, pid] = /^pid (\d+)$/m.exec(told) ?? [];
    if (pid === undefined) return;
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch {
      // It has ended.
    }
    await gone([child.pid, Number(pid)]);
  });
  const terminal = {
    press: (keys) => child.stdin.write(keys),
    /** The lines of the last screen. */
    get screen() {
      const [, last = ''] = /\x1b\[H((?:(?!\x1b\[H)[^])*)\x1b\[J(?:(?!\x1b\[H)[^])*$/.exec(output) ?? []; // eslint-disable-line no-control-regex
      return last.replaceAll('\x1b[K', '').split(/\r*\n/);
    },
    get output() {
      return output;
    },
    shows: (pattern) =>
      until(
        () => pattern.exec(terminal.screen.join('\n')),
        () => `${pattern} in:\n${JSON.stringify(output.slice(-3000))}\n${told}`,
      ),
    tells: (pattern) =>
      until(
        () => pattern.exec(told),
        () => `${pattern} in: ${told}\n${JSON.stringify(output.slice(-500))}`,
      ),
    signal: async (signal) => process.kill(Number((await terminal.tells(/^pid (\d+)$/m))[1]), signal),
    /** That it has ended with this code and has given the terminal back. */
    async hasEnded(code) {
      assert.strictEqual((await terminal.tells(/^ended .*$/m))[0], `ended True ${code}`);
      assert.ok(output.includes(LEFT));
      assert.ok(output.lastIndexOf(LEFT) > output.lastIndexOf(ENTERED));
      return output.slice(output.lastIndexOf(LEFT) + LEFT.length);
    },
  };
  return terminal;
}

test('shows the workers, reloads, scales and quits', onTerminal, async (t) => {
  const { folder, port, size } = await serve(t);
  const terminal = await open(t, folder);
  await terminal.shows(/^api {2}process \d+, 2 workers, up /);
  assert.ok(terminal.output.startsWith(ENTERED));
  await terminal.shows(/^ {4}0 {7}1 +\d+ +ready .* MB +0 *$/m);
  for (let i = 0; i < 20; i++) await get(port);
  await terminal.shows(/[1-9]\S* requests\/s.*█/);
  await terminal.shows(/q quit {3}r reload {3}\+ - workers$/);
  terminal.press('r');
  await terminal.shows(/api has been reloaded$/);
  await terminal.shows(/^ {4}1 {7}4 /m);
  terminal.press('+');
  await terminal.shows(/api has 3 workers$/);
  terminal.press('-');
  await terminal.shows(/api has 2 workers$/);
  assert.strictEqual(await size(), 2);
  terminal.press('\x1b[A'); // No key of its own: it goes on.
  terminal.press('q');
  assert.strictEqual(await terminal.hasEnded(0), '');
});

test('gives the terminal back whatever happens', onTerminal, async (t) => {
  const { command, folder } = await serve(t);
  const terminals = [];
  for (let i = 0; i < 4; i++) terminals.push(await open(t, folder));
  for (const terminal of terminals) await terminal.shows(/ready/);
  const [interrupted, terminated, hungUp, left] = terminals;
  interrupted.press('\x03');
  await interrupted.hasEnded(0);
  await terminated.signal('SIGTERM');
  await terminated.hasEnded(-15);
  await hungUp.signal('SIGHUP');
  await hungUp.hasEnded(-1);
  assert.strictEqual((await command('stop', 'api')).code, 0);
  assert.match(await left.hasEnded(3), /^cluster-rs: api is not running any more\r\n$/);
});

test('is stopped and goes on, and follows the size of its terminal', onTerminal, async (t) => {
  const { folder } = await serve(t);
  const terminal = await open(t, folder);
  await terminal.shows(/restarts/);
  terminal.press('\x1a');
  await terminal.tells(/^stopped True$/m);
  assert.ok(terminal.output.endsWith(LEFT));
  await terminal.signal('SIGCONT');
  await until(() => terminal.output.split(ENTERED).length === 3, 'another screen');
  await terminal.shows(/ready/);
  terminal.press('size 3 20\n');
  await until(() => terminal.screen.length === 3 && terminal.screen.every((line) => line.length <= 20), 'a small one');
  assert.match(terminal.screen[0], /^api {2}process/);
  terminal.press('q');
  await terminal.hasEnded(0);
});

test('without a terminal it is the status', limit, async (t) => {
  const { command } = await serve(t);
  for (const word of ['top', 'monit']) {
    const { code, stdout, stderr } = await command(word, 'api');
    assert.strictEqual(code, 0, stderr);
    assert.match(stdout, /^api: process \d+, 2 workers, up .*\n *id .*\n *1 .*\n *2 .*\n$/);
  }
  const { code, stderr } = await command('top', 'else');
  assert.strictEqual(code, 3);
  assert.match(stderr, /else is not running/);
});

test('lines fit, whatever there is to show', () => {
  const history = new History();
  const worker = (id, requests) => ({
    id,
    pid: 4_000_000 + id,
    place: id,
    state: 'ready',
    uptime: 1e9,
    connections: 1e6,
    requests,
    lag: id,
    cpu: 99.6,
    memory: 5e9,
    restarts: 1234,
  });
  const all = (requests) => Array.from({ length: 64 }, (_, id) => worker(id, requests));
  for (let i = 0; i < 100; i++) history.add(all(i * 500), i * 1000);
  assert.strictEqual(history.all.requests.length, 60);
  assert.strictEqual(history.all.requests.at(-1), 32_000);
  const status = { name: 'a\x1b[2Jb', pid: 1, size: 64, uptime: 5000, workers: all(49_500) };
  for (const [width, height] of [
    [200, 80],
    [160, 24],
    [80, 24],
    [40, 10],
    [20, 3],
    [1, 1],
  ]) {
    const lines = draw(status, history, { width, height, inColour: false, note: '' });
    assert.ok(lines.length <= height);
    assert.ok(
      lines.every((line) => line.length <= width),
      `${width}`,
    );
    assert.ok(lines.every((line) => !/[\x00-\x1f]/.test(line))); // eslint-disable-line no-control-regex
  }
  const lines = draw(status, history, { width: 80, height: 24, inColour: false, note: '' });
  assert.match(lines[0], /^a\?\[2Jb {2}process 1, 64 workers, up 5s$/);
  assert.ok(lines.includes('… and 46 more'), lines.join('\n'));
  assert.match(draw(status, history, { width: 200, height: 80, inColour: true, note: '' })[4], /\x1b\[32mready/); // eslint-disable-line no-control-regex
});

test('who replaces a worker goes on with its history', () => {
  const history = new History();
  const at = (id, requests) => ({ id, place: 0, requests, lag: 1 });
  history.add([at(1, 100)], 0);
  history.add([at(1, 150)], 1000);
  history.add([at(1, 160), at(2, 30)], 2000);
  history.add([at(2, 70)], 3000);
  assert.deepStrictEqual(history.of(at(2)).requests, [0, 50, 40, 40]);
  history.add([], 4000);
  assert.strictEqual(history.of(at(2)), undefined);
  assert.deepStrictEqual(history.all.requests, [0, 50, 40, 40, 0]);
});
