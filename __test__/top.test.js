'use strict';

// `cluster-rs top` on a terminal, which Python's `pty` makes, and without one.

const assert = require('node:assert');
const { spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { History } = require('../lib/command/top/history.js');
const { draw } = require('../lib/command/top/screen.js');
const {
  cleanEnvironment,
  freePort,
  get,
  gone,
  processesOfGroup,
  root,
  run,
  scratch,
  start,
  stop,
  until,
} = require('./support.js');

const limit = { timeout: 120_000 };
const bin = path.join(root, 'bin', 'cluster-rs.js');
const isThere = spawnSync('python3', ['-c', 'import pty']).status === 0;
const onTerminal = { ...limit, skip: isThere ? false : 'python3 with its module pty is missing' };

// A shell of a sort: runs a program as a job on a terminal of its own, and passes on what both sides write. It says when the
// job has been stopped or has ended, how, and whether the terminal's settings are as they were.
const PTY = `
import fcntl, os, pty, select, signal, struct, sys, termios
rows, columns = int(sys.argv[1]), int(sys.argv[2])
parent, child = pty.openpty()
fcntl.ioctl(child, termios.TIOCSCTTY, 0)
fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))
before = termios.tcgetattr(child)
pid = os.fork()
if pid == 0:
    os.setpgid(0, 0)
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    os.tcsetpgrp(child, os.getpid())
    signal.signal(signal.SIGTTOU, signal.SIG_DFL)
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

// What `npx` does: waits for the command.
const UNDER_A_PARENT = ['sh', '-c', '"$@"; exit $?', 'sh'];

const [ENTERED, LEFT] = ['\x1b[?1049h\x1b[?25l\x1b[?7l', '\x1b[?7h\x1b[?25h\x1b[?1049l'];

// An application that nothing is behind. It never finishes a reload, and fails to scale.
const STAND_IN = `
const { serve } = require(${JSON.stringify(path.join(root, 'lib', 'command', 'control.js'))});
const about = { state: 'ready', uptime: 5000, connections: 1, requests: 0, lag: 2, cpu: 9, memory: 5e7, restarts: 0 };
const workers = Array.from({ length: 64 }, (_, id) => ({ id, place: id, pid: 4_000_000 + id, ...about }));
serve('api', async ({ command }) => {
  if (command === 'reload') return new Promise(() => {});
  if (command === 'scale') throw new Error('no \\x1b[2J of \\u65e5\\u672c ' + '.'.repeat(200));
  return { name: 'a\\x07pi', pid: process.pid, size: 64, uptime: 5000, workers };
}).then(() => console.log('serving'));
`;

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

async function standIn(t) {
  const folder = scratch(t);
  const program = start(t, ['-e', STAND_IN], { cwd: folder, env: { XDG_RUNTIME_DIR: folder } });
  await until(
    () => /^serving$/m.test(program.stdout),
    () => program.output,
  );
  return { folder, program };
}

/** `cluster-rs top` on a terminal. */
async function open(t, folder, { rows = 24, columns = 160, env, parents = [] } = {}) {
  const job = [...parents, process.execPath, bin, 'top', 'api'];
  const child = spawn('python3', ['-c', PTY, `${rows}`, `${columns}`, ...job], {
    cwd: folder,
    env: { ...cleanEnvironment(), NO_COLOR: '', TERM: 'xterm-256color', XDG_RUNTIME_DIR: folder, ...env },
    detached: true, // So that the terminal can be that of its session.
  });
  let output = '';
  let told = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (told += text));
  child.stdin.on('error', () => {});
  t.after(async () => {
    const [, pid] = /^pid (\d+)$/m.exec(told) ?? [];
    const members = processesOfGroup(Number(pid)).map((member) => member.pid);
    child.kill('SIGKILL');
    if (members.length > 0) process.kill(-pid, 'SIGKILL');
    await gone([child.pid, ...members]);
  });
  const terminal = {
    press: (keys) => child.stdin.write(keys),
    /** The lines of the last screen, without colours. */
    get screen() {
      const last = output.slice(output.lastIndexOf('\x1b[H') + '\x1b[H'.length);
      return last.replace(/\x1b\[(?:K|\d+m)/g, '').split(/\r*\n/); // eslint-disable-line no-control-regex
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
    get told() {
      return told;
    },
    get pid() {
      return Number(/^pid (\d+)$/m.exec(told)[1]);
    },
    signal: (signal) => process.kill(-terminal.pid, signal),
    close: () => child.kill('SIGKILL'),
    /** That it has ended with this code and has given the terminal back. */
    async hasEnded(code) {
      assert.strictEqual((await terminal.tells(/^ended .*(?=\n)/m))[0], `ended True ${code}`);
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
  terminated.signal('SIGTERM');
  await terminated.hasEnded(-15);
  hungUp.signal('SIGHUP');
  await hungUp.hasEnded(-1);
  assert.strictEqual((await command('stop', 'api')).code, 0);
  assert.match(await left.hasEnded(3), /^cluster-rs: api is not running any more\r\n$/);
});

test('an exception gives the terminal back before it is printed', onTerminal, async (t) => {
  const { folder } = await standIn(t);
  const defect = path.join(folder, 'defect.js');
  fs.writeFileSync(defect, "process.on('SIGUSR2', () => { throw new Error('a defect'); });");
  const terminal = await open(t, folder, { env: { NODE_OPTIONS: `--require=${defect}` } });
  await terminal.shows(/ready/);
  terminal.signal('SIGUSR2');
  assert.match(await terminal.hasEnded(1), /Error: a defect/);
});

test('ends with its terminal', onTerminal, async (t) => {
  const { folder } = await standIn(t);
  const terminal = await open(t, folder);
  await terminal.shows(/ready/);
  const { pid } = terminal;
  terminal.close();
  await gone([pid]);
});

test('is stopped with its job and goes on, and follows the size of its terminal', onTerminal, async (t) => {
  const { folder } = await standIn(t);
  const terminal = await open(t, folder, { parents: UNDER_A_PARENT });
  await terminal.shows(/restarts/);
  const command = processesOfGroup(terminal.pid).find(({ parent }) => parent === terminal.pid);
  for (const times of [1, 2]) {
    if (times === 1) terminal.press('\x1a');
    else process.kill(command.pid, 'SIGTSTP');
    await until(
      () => terminal.told.match(/^stopped True$/gm)?.length === times,
      () => terminal.told,
    );
    await until(() => processesOfGroup(terminal.pid).every(({ state }) => state === 'T'), 'all to be stopped');
    assert.ok(terminal.output.endsWith(LEFT));
    terminal.signal('SIGCONT');
    await until(() => terminal.output.split(ENTERED).length === 2 + times, 'another screen');
    await terminal.shows(/q quit.*$/);
  }
  terminal.press('size 3 20\n');
  await until(() => terminal.screen.length === 3 && terminal.screen.every((line) => line.length <= 20), 'a small one');
  assert.match(terminal.screen[0], /^a\?pi {2}process/);
  terminal.press('q');
  await terminal.hasEnded(0);
});

test('where no shell could go on with it, it is not stopped', onTerminal, async (t) => {
  const { folder } = await standIn(t);
  const terminal = await open(t, folder, { parents: ['setsid', '--ctty', '--wait'] });
  await terminal.shows(/ready/);
  terminal.press('\x1a');
  await until(() => terminal.output.split(ENTERED).length === 3, 'another screen');
  await terminal.shows(/q quit.*$/);
  terminal.press('q');
  await terminal.hasEnded(0);
});

test('as many workers as there is room for, and messages in one line', onTerminal, async (t) => {
  const { folder, program } = await standIn(t);
  const terminal = await open(t, folder, { columns: 100 });
  await terminal.shows(/^a\?pi {2}process \d+, 64 workers, up 5s$/m);
  await terminal.shows(/^… and 46 more$/m);
  assert.match(terminal.output, /\x1b\[32mready/); // eslint-disable-line no-control-regex
  terminal.press('+');
  await terminal.shows(/no \?\[2J of 日本 \.{50,}$/);
  assert.strictEqual(terminal.screen.length, 24);
  assert.strictEqual(terminal.screen.at(-1).length, 100);
  terminal.press('r');
  await terminal.shows(/reload …$/);
  await stop(program.pid);
  await terminal.shows(/api is running, but not answering$/);
  terminal.press('\x1b');
  await terminal.hasEnded(0);
});

test('as the environment says', onTerminal, async (t) => {
  const { folder } = await standIn(t);
  const plain = await open(t, folder, { env: { NO_COLOR: '1' } });
  await plain.shows(/ready/);
  assert.doesNotMatch(plain.output, /\x1b\[\d+m/); // eslint-disable-line no-control-regex
  plain.press('q');
  await plain.hasEnded(0);
  const dumb = await open(t, folder, { env: { NO_COLOR: '1', TERM: 'dumb' } });
  await dumb.tells(/^ended True 0$/m);
  assert.match(dumb.output, /^api: process .*\r\n *id .*\r\n/);
  assert.ok(!dumb.output.includes('\x1b'));
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

test('bars are of all that is remembered', () => {
  const history = new History();
  const worker = { id: 1, pid: 1, place: 0, state: 'ready', uptime: 0, connections: 0, cpu: 0, memory: 0, restarts: 0 };
  const lags = Array.from({ length: 60 }, (_, i) => (i === 1 ? 80 : 10));
  for (const [i, lag] of lags.entries()) history.add([{ ...worker, requests: 0, lag }], i * 1000);
  const status = { name: 'api', pid: 1, size: 1, uptime: 0, workers: [{ ...worker, requests: 0, lag: 10 }] };
  const lagsAt = (width) =>
    draw(status, history, { width, height: 9, inColour: false, note: '' })[1].split(/lag 10 ms */)[1];
  assert.strictEqual(lagsAt(160), `▂█${'▂'.repeat(58)}`);
  assert.strictEqual(lagsAt(80), `█${'▂'.repeat(19)}`);
  assert.strictEqual(lagsAt(50), '');
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
