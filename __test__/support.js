'use strict';

// What the suites share: programs in process groups of their own, their output, what `/proc` knows of them, requests.

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { setTimeout: delay } = require('node:timers/promises');

const repository = path.resolve(__dirname, '..');

/** Whether the portable layer is tested, which serves where the binary is missing. */
const isPortable = process.env.LAYER === 'portable';

/** The package that is tested. */
const root = isPortable ? copyWithoutBinary() : repository;
const register = path.join(root, 'register.js');

/** How long anything that should happen soon may take, in milliseconds: a busy machine is slow. */
const PATIENCE = 30_000;

/** How long what is gone may still be seen, in milliseconds. */
const AFTERLIFE = 10_000;

function copyWithoutBinary() {
  const folder = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'cluster-rs-portable-'));
  process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
  for (const name of ['adapters', 'bin', 'index.js', 'lib', 'package.json', 'register.js']) {
    fs.cpSync(path.join(repository, name), path.join(folder, name), { recursive: true });
  }
  return folder;
}

const groups = new Set();

// A run that is interrupted leaves no process behind either.
process.on('exit', () => {
  for (const group of groups) killGroup(group);
});
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

function killGroup(group) {
  try {
    process.kill(-group, 'SIGKILL');
  } catch {
    // Everybody has gone by himself.
  }
}

/**
 * Waits until `condition` gives something true, and gives that.
 * @param {() => any} condition looked at every few milliseconds; may be async
 * @param {string | (() => string)} what for the error
 * @param {number} [patience] milliseconds
 */
async function until(condition, what, patience = PATIENCE) {
  const end = Date.now() + patience;
  for (;;) {
    const found = await condition();
    if (found) return found;
    if (Date.now() > end) throw new Error(`waited in vain for ${typeof what === 'function' ? what() : what}`);
    await delay(10);
  }
}

/** This process's variables without those of the test runner and of npm, which change what a program prints. */
function cleanEnvironment() {
  const own = ([name]) => !/^(NODE_|npm_|FORCE_COLOR|CLUSTER_RS)/.test(name);
  return { ...Object.fromEntries(Object.entries(process.env).filter(own)), NO_COLOR: '1' };
}

/** A folder for this test alone. */
function scratch(t) {
  const folder = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'cluster-rs-'));
  // Those that end just now may still write.
  t.after(() => fs.rmSync(folder, { recursive: true, force: true, maxRetries: 20 }));
  return folder;
}

/**
 * Writes a program into a file of its own and gives its path.
 * @param {import('node:test').TestContext} t
 * @param {Function | string} source a function that needs nothing from around it, or text
 * @param {any} [given] the function's argument, as JSON
 * @param {string} [name] of the file
 */
function write(t, source, given = null, name = 'app.js') {
  const file = path.join(scratch(t), name);
  const text = typeof source === 'function' ? `'use strict';\n(${source})(${JSON.stringify(given)});\n` : source;
  fs.writeFileSync(file, text);
  return file;
}

/** Text without the warning that says that the portable layer serves. */
function withoutFallback(text) {
  if (!isPortable) return text;
  return text.replace(/^\(node:\d+\) \[CLUSTER_RS_FALLBACK\].*\n(?:\(Use `node --trace-warnings.*\n)?/gm, '');
}

/** A program that runs. Made by {@link start}. */
class Program {
  stdout = '';
  stderr = '';

  constructor(child) {
    this.child = child;
    this.pid = child.pid;
    for (const name of ['stdout', 'stderr']) {
      child[name].setEncoding('utf8').on('data', (text) => (this[name] = withoutFallback(this[name] + text)));
    }
    /** Fulfilled with the exit code, or the signal's name, of the program's first process. */
    this.exited = once(child, 'exit').then(([code, signal]) => signal ?? code);
    this.closed = once(child, 'close');
  }

  /** All that it has printed so far, for the message of a failure. */
  get output() {
    return `\n${this.stdout}${this.stderr.replace(/^(?=.)/gm, 'stderr: ')}`;
  }

  /** The whole lines of `stdout` that match, as matches. */
  lines(pattern) {
    const whole = this.stdout.split('\n').slice(0, -1);
    return whole.map((line) => pattern.exec(line)).filter((match) => match !== null);
  }

  /** Waits until so many lines of `stdout` match; gives the last of these. */
  async line(pattern, count = 1, patience = PATIENCE) {
    const enough = () => this.lines(pattern).length >= count && this.lines(pattern);
    const found = await until(enough, () => `${count} × ${pattern} in:${this.output}`, patience);
    return found[count - 1];
  }

  /** Waits for its end, output included, and gives the exit code or the signal's name. */
  async end(patience = PATIENCE) {
    let ended;
    this.closed.then(() => (ended = true));
    await until(
      () => ended,
      () => `the end of:${this.output}`,
      patience,
    );
    return this.exited;
  }

  /** Sends a line to its standard input. */
  tell(line) {
    this.child.stdin.write(`${line}\n`);
  }
}

/**
 * Starts Node in a process group of its own. When the test is over, nobody of the group is left.
 * @param {import('node:test').TestContext} t
 * @param {string[]} args
 * @param {object} [options]
 * @param {string} [options.cwd]
 * @param {object} [options.env] what is different in its environment
 * @param {boolean} [options.builtin] whether it runs on the built-in module
 * @returns {Program}
 */
function start(t, args, { cwd, env, builtin = true } = {}) {
  const entry = builtin ? [] : ['-r', register];
  const child = spawn(process.execPath, [...entry, ...args], {
    cwd,
    env: { ...cleanEnvironment(), ...env },
    detached: true,
    stdio: 'pipe',
  });
  child.stdin.on('error', () => {}); // It may have gone.
  const program = new Program(child);
  groups.add(child.pid);
  t.after(async () => {
    killGroup(child.pid);
    await program.exited;
    await until(() => processesOfGroup(child.pid).length === 0, 'the end of a process group', AFTERLIFE);
    groups.delete(child.pid);
  });
  return program;
}

/** {@link start} on our module. */
function startOurs(t, args, options) {
  return start(t, args, { ...options, builtin: false });
}

/** Runs a program to its end; gives what it has printed and how it has ended. */
async function run(t, args, options) {
  const program = start(t, args, options);
  const code = await program.end();
  return { stdout: program.stdout, stderr: program.stderr, code };
}

function read(file) {
  try {
    return fs.readFileSync(file, 'latin1');
  } catch {
    return ''; // The process has gone.
  }
}

/** What `/proc/<pid>/stat` says; `undefined` if there is no such process, or only its exit code is left of it. */
function stat(pid) {
  const text = read(`/proc/${pid}/stat`);
  const [state, parent, group] = text.slice(text.lastIndexOf(')') + 2).split(' ');
  if (text === '' || state === 'Z' || state === 'X') return undefined;
  return { pid: Number(pid), state, parent: Number(parent), group: Number(group) };
}

function processes() {
  const pids = fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map(stat).filter((found) => found !== undefined);
}

/** The processes of a group, as {@link stat} describes them. */
function processesOfGroup(group) {
  return processes().filter((found) => found.group === group);
}

/** Whether this process runs, or is stopped. */
function isAlive(pid) {
  return stat(pid) !== undefined;
}

/** The ids of a process's children; of those that nobody has waited for, too. */
function childrenOf(pid) {
  const isChild = (name) => {
    const text = read(`/proc/${name}/stat`);
    return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1]) === pid;
  };
  return fs
    .readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && isChild(name))
    .map(Number);
}

/** What a process's descriptors stand for, by number. */
function descriptorsOf(pid) {
  const entries = fs.readdirSync(`/proc/${pid}/fd`).map((fd) => {
    try {
      return [fd, fs.readlinkSync(`/proc/${pid}/fd/${fd}`)];
    } catch {
      return undefined; // Closed meanwhile.
    }
  });
  return new Map(entries.filter((entry) => entry !== undefined));
}

/** How many threads a process has. */
function threadsOf(pid) {
  return fs.readdirSync(`/proc/${pid}/task`).length;
}

/** Waits until none of these processes runs. */
function gone(pids, patience = AFTERLIFE) {
  return until(
    () => !pids.some(isAlive),
    () => `the end of ${pids.filter(isAlive)}`,
    patience,
  );
}

/** Stops a process; it is stopped when this is fulfilled. */
async function stop(pid) {
  process.kill(pid, 'SIGSTOP');
  await until(() => stat(pid)?.state === 'T', `process ${pid} to stop`);
}

/** Ends a process; it has ended when this is fulfilled. */
async function kill(pid, signal = 'SIGKILL') {
  process.kill(pid, signal);
  await gone([pid]);
}

/** A port of 127.0.0.1 that nobody listens on. */
async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** Whether nobody listens on this port, on any address. */
async function isFree(port) {
  for (const host of ['::', '127.0.0.1']) {
    const server = net.createServer();
    try {
      await new Promise((resolve, reject) => server.once('error', reject).listen({ port, host }, resolve));
    } catch (error) {
      if (error.code === 'EADDRINUSE') return false;
      continue; // This machine has no such address.
    }
    await new Promise((resolve) => server.close(resolve));
  }
  return true;
}

/**
 * One GET request to 127.0.0.1, on a connection of its own unless there is an agent. Gives the text of the answer.
 * @param {number} port
 * @param {object} [options] for `http.request`
 * @returns {Promise<string>}
 */
function get(port, options) {
  return new Promise((resolve, reject) => {
    const request = http.get({ host: '127.0.0.1', port, agent: false, timeout: PATIENCE, ...options });
    request.on('timeout', () => request.destroy(new Error('no answer: the request hangs')));
    request.on('error', reject);
    request.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part) => (text += part));
      response.on('end', () => resolve(text)).on('error', reject);
    });
  });
}

/** So many requests at the same time. */
function getMany(count, port, options) {
  return Promise.all(Array.from({ length: count }, () => get(port, options)));
}

module.exports = {
  isPortable,
  PATIENCE,
  childrenOf,
  cleanEnvironment,
  descriptorsOf,
  freePort,
  get,
  getMany,
  gone,
  isAlive,
  isFree,
  kill,
  processesOfGroup,
  register,
  root,
  run,
  scratch,
  start,
  startOurs,
  stat,
  stop,
  threadsOf,
  until,
  write,
};
