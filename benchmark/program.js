'use strict';

// The programs that are measured: started in one of several ways, asked for their figures, ended.

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const readline = require('node:readline');

const root = path.join(__dirname, '..');
const register = path.join(root, 'register.js');

/** How long a program may take to say its next line, in milliseconds. */
const PATIENCE = 60_000;

/** The kernel's unit of CPU time in `/proc`, in microseconds; the same on every Linux that Node runs on. */
const TICK = 10_000;

/**
 * The ways of running a program: this package, the built-in module with each policy, and the built-in module with
 * servers that share their port in the kernel. A way has a `name` for people, `native` if this package is loaded, the
 * scheduling `policy`, further variables as `env`, and `reusePort`.
 */
const ways = {
  ours: { name: 'cluster-rs', native: true, policy: 'rr' },
  rebalanced: { name: 'cluster-rs, rebalanced', native: true, policy: 'rr', env: { CLUSTER_RS_REBALANCE: '1' } },
  builtin: { name: 'built-in', native: false, policy: 'rr' },
  none: { name: 'built-in, SCHED_NONE', native: false, policy: 'none' },
  reusePort: { name: 'built-in, reusePort', native: false, policy: 'rr', reusePort: true },
};

/** Whether servers of this Node can share a port (`reusePort` of `net.Server`: since 22.12 and 23.1). */
function hasReusePort(version = process.versions.node) {
  const [major, minor] = version.split('.').map(Number);
  return major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12);
}

const running = new Set();

// A run that is interrupted leaves no process behind either.
process.on('exit', () => {
  for (const program of running) program.kill();
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1));

/** A running primary with its workers. It says lines of JSON on its standard output. */
class Program {
  /** The process ids of the workers, when the program has told them. */
  workers = [];
  #primary; // where it is not the process that was started
  #child;
  #lines = [];
  #waiting;
  #ended;

  constructor(command, args, options) {
    this.#child = spawn(command, args, { ...options, cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
    running.add(this);
    this.#ended = new Promise((resolve) => this.#child.once('close', resolve));
    this.#child.once('error', (error) => this.#waiting?.reject(error));
    readline.createInterface({ input: this.#child.stdout }).on('line', (line) => {
      this.#lines.push(JSON.parse(line));
      this.#answer();
    });
    this.#ended.then(() => this.#waiting?.reject(new Error(`${args.join(' ')} has ended too early`)));
  }

  /** The process id of the primary. */
  get pid() {
    return this.#child.pid;
  }

  #answer() {
    if (this.#waiting === undefined || this.#lines.length === 0) return;
    this.#waiting.resolve(this.#lines.shift());
  }

  /** What the program says next; remembers the workers that it tells of. */
  async next() {
    let timer;
    const line = await new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      timer = setTimeout(() => reject(new Error(`${this.#child.spawnargs.join(' ')} says nothing`)), PATIENCE);
      this.#answer();
    }).finally(() => {
      this.#waiting = undefined;
      clearTimeout(timer);
    });
    if (line.workers) this.workers = line.workers;
    if (line.primary) this.#primary = line.primary;
    return line;
  }

  /** CPU time of the primary and of all workers since they started, in microseconds. */
  cpu() {
    return {
      primary: cpuOf(this.#primary ?? this.pid),
      workers: this.workers.reduce((sum, pid) => sum + cpuOf(pid), 0),
    };
  }

  /** Memory of the primary, and of a worker on average, in bytes: all that is `resident`, and what is `own` of that. */
  memory() {
    const workers = this.workers.map(memoryOf);
    const mean = (kind) => workers.reduce((sum, memory) => sum + memory[kind], 0) / workers.length;
    return { primary: memoryOf(this.pid), worker: { resident: mean('resident'), own: mean('own') } };
  }

  /** Ends one worker and forgets it. */
  killWorker(pid) {
    process.kill(pid, 'SIGKILL');
    this.workers = this.workers.filter((worker) => worker !== pid);
  }

  kill() {
    running.delete(this);
    // The workers first: as long as their parent lives, a process id is that of no other process. A command would start
    // others at once, and ends its workers when it goes.
    for (const pid of this.#primary ? [this.#primary, this.pid] : [...this.workers, this.pid]) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch (error) {
        if (error.code !== 'ESRCH') throw error;
      }
    }
  }

  /** Ends the primary and the workers. */
  async end() {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.kill();
    running.delete(this);
    await this.#ended;
  }
}

/** CPU time of a process since it started, all threads, in microseconds. */
function cpuOf(pid) {
  const stat = fs.readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK;
}

/** What is resident of a process's memory, and what of that is its `own`: not shared with any other process. */
function memoryOf(pid) {
  const text = fs.readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1');
  const bytes = (name) => Number(new RegExp(`^${name}: +(\\d+) kB`, 'm').exec(text)[1]) * 1024;
  return { resident: bytes('Rss'), own: bytes('Private_Clean') + bytes('Private_Dirty') };
}

/**
 * Runs a program of the folder `programs`.
 * @param {string} name its file without `.js`
 * @param {object} way one of {@link ways}
 * @param {object} [options] what the program is told; it has it from `programs/options.js`
 * @param {object} [how]
 * @param {string[]} [how.nodeArguments] for Node itself
 * @param {number} [how.core] the only core that the processes may use
 */
function start(name, way, options = {}, { nodeArguments = [], core } = {}) {
  const file = path.join(__dirname, 'programs', `${name}.js`);
  const told = JSON.stringify({ ...options, reusePort: way.reusePort });
  const args = [...nodeArguments, ...(way.native ? ['-r', register] : []), file, told];
  const env = { ...process.env, NODE_CLUSTER_SCHED_POLICY: way.policy, ...way.env };
  if (core === undefined) return new Program(process.execPath, args, { env });
  return new Program('taskset', ['-c', String(core), process.execPath, ...args], { env });
}

/** Starts a program, gives it to `use`, and ends it whatever happens. */
async function withProgram(starting, use) {
  const program = start(...starting);
  try {
    return await use(program, await program.next());
  } finally {
    await program.end();
  }
}

/** A port of 127.0.0.1 that nobody listens on. */
async function freePort() {
  const server = net.createServer();
  await new Promise((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

module.exports = { cpuOf, freePort, hasReusePort, root, ways, withProgram };
