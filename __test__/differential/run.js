'use strict';

const { spawn, spawnSync } = require('node:child_process');
const { randomUUID } = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { setTimeout: delay } = require('node:timers/promises');
const { pathToFileURL } = require('node:url');
const { normalise } = require('./normalise');
const { spelled } = require('./programs/fixtures/permission-flags');

const root = path.resolve(__dirname, '..', '..');
const register = path.join(root, 'register.js');
const mark = 'DIFFERENTIAL_RUN';
const graceForLeftovers = 2000;

function commandLine(program, ours, version) {
  const entries = { import: ['--import', pathToFileURL(register).href], options: [] };
  const before = [
    ...(ours ? (entries[program.as] ?? ['-r', register]) : []),
    ...spelled(program.flags.join(' '), version),
  ];
  if (program.as === 'stdin') return [...before, '-', ...program.args];
  if (program.as === 'eval') return [...before, '-e', fs.readFileSync(program.file, 'utf8'), ...program.args];
  if (program.as === 'test') return [...before, '--test', '--test-reporter=tap', program.file];
  return [...before, program.file, ...program.args];
}

// The runner's own variables must not reach the program: under `node --test` they change what it prints.
function environment(program, ours, id) {
  const env = { ...process.env, NO_COLOR: '1', ...program.env, [mark]: id };
  for (const name of Object.keys(env)) {
    if (/^(NODE_|npm_|FORCE_COLOR)/.test(name) && !(name in program.env)) delete env[name];
  }
  if (ours && program.as === 'options') env.NODE_OPTIONS = `--require ${register}`;
  return env;
}

function readQuietly(file) {
  try {
    return fs.readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}

// Every live process that descends from the run: its environment carries the mark, even after it has left the group.
function processesOf(id, group) {
  return fs
    .readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      const stat = readQuietly(`/proc/${pid}/stat`);
      const [state, , processGroup] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (stat === '' || state === 'Z' || state === 'X') return false;
      return Number(processGroup) === group || readQuietly(`/proc/${pid}/environ`).includes(`${mark}=${id}`);
    });
}

function kill(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has gone by itself.
  }
}

const running = new Map();

// A run that is interrupted leaves no process behind either.
process.on('exit', () => {
  for (const [id, group] of running) processesOf(id, group).forEach(kill);
});
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

async function leftProcesses(id, group, grace) {
  const end = Date.now() + grace;
  let left = processesOf(id, group);
  while (left.length > 0 && Date.now() < end) {
    await delay(20);
    left = processesOf(id, group);
  }
  return left;
}

function leftFiles(directory) {
  return fs
    .readdirSync(directory, { recursive: true })
    .map((name) => name.replace(/0x[0-9a-f]+/g, '0x<n>').replace(/\d{3,}/g, '<n>'))
    .sort();
}

const versions = new Map();

function versionOf(node) {
  if (node === process.execPath) return process.version;
  if (!versions.has(node)) versions.set(node, spawnSync(node, ['--version']).stdout.toString().trim());
  return versions.get(node);
}

/**
 * Runs one program to its end in a process group and a temporary directory of its own.
 *
 * @param {object} program from `readProgram`
 * @param {object} options
 * @param {string} options.node path of the Node binary
 * @param {boolean} options.ours whether our module takes the place of the built-in one
 * @returns {Promise<object>} `stdout` and `stderr`, normalised; `exit` (code, signal or `timed out`);
 *   `processes`, how many were still alive after it; `files`, the names that it left in its directory
 */
async function run(program, { node, ours }) {
  const id = randomUUID();
  const directory = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'd-'));
  fs.chmodSync(directory, 0o755);
  const child = spawn(node, commandLine(program, ours, versionOf(node)), {
    cwd: directory,
    env: environment(program, ours, id),
    detached: true,
    stdio: [program.as === 'stdin' ? 'pipe' : 'ignore', 'pipe', 'pipe'],
  });
  running.set(id, child.pid);
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) {
    child[name].setEncoding('utf8').on('data', (text) => {
      output[name] += text;
    });
  }
  child.stdin?.end(fs.readFileSync(program.file));
  const closed = new Promise((resolve) => child.once('close', resolve));
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    processesOf(id, child.pid).forEach(kill);
  }, program.timeout * 1000);
  const exit = await new Promise((resolve) => child.once('exit', (code, signal) => resolve(signal ?? `code ${code}`)));
  clearTimeout(timer);
  const left = await leftProcesses(id, child.pid, timedOut ? 0 : graceForLeftovers);
  left.forEach(kill);
  await closed;
  running.delete(id);
  const files = leftFiles(directory);
  fs.rmSync(directory, { recursive: true, force: true });

  const about = { program: program.file, directory, node, root, version: versionOf(node) };
  return {
    stdout: normalise(output.stdout, about),
    stderr: normalise(output.stderr, about),
    exit: timedOut ? `timed out after ${program.timeout} s` : exit,
    processes: left.length,
    files,
  };
}

module.exports = { register, root, run };
