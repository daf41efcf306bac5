'use strict';

// `cluster-rs list`, `status` and so on: asks programs that run.

const path = require('node:path');
const { describeFrame } = require('../inspector/stack.js');
const { ask, isRunning } = require('./control.js');
const { FAILED, Failure, NOT_RUNNING, USAGE } = require('./failure.js');
const { readWorkers } = require('./settings.js');
const { foldersToSearch, namesWithSockets } = require('./runtime_folder.js');
const { hasColours, table } = require('./table.js');
const { unitOf } = require('./unit.js');
const { countWorkers, formatSize, formatTime } = require('./units.js');

// More lines than are kept.
const ALL = 1_000_000;

const printJson = (value) => console.log(JSON.stringify(value));

const nothing = () => `nothing is running; searched ${foldersToSearch().join(' and ')}`;

async function running() {
  const names = namesWithSockets();
  const found = await Promise.all(names.map(isRunning));
  return names.filter((_, i) => found[i]);
}

/** The name that was given, or that of the only one that runs; `all` is nobody's, unless one is called so. */
async function pick(given) {
  if (given !== undefined && given !== 'all') return given;
  const names = await running();
  if (names.includes(given)) return given;
  if (names.length === 0) throw new Failure(nothing(), NOT_RUNNING);
  if (names.length > 1) throw new Failure(`missing name: ${names.join(' and ')} are running`, USAGE);
  return names[0];
}

/** What an application says of itself, or why it does not; `undefined` if it does not run. */
async function describe(name) {
  try {
    return await ask(name, { command: 'info' });
  } catch (error) {
    return error.code === NOT_RUNNING ? undefined : { name, error: error.message };
  }
}

async function list({ json }) {
  const all = (await Promise.all(namesWithSockets().map(describe))).filter(Boolean);
  if (json) return printJson(all);
  if (all.length === 0) return console.log(nothing());
  const rows = all.map(({ name, error, pid, size, uptime, program }) =>
    error ? [name, '', '', '', 'not answering'] : [name, pid, size, formatTime(uptime), program],
  );
  process.stdout.write(table(['name', 'pid', 'workers', 'uptime', 'program'], rows, hasColours(process.stdout)));
}

async function status({ json }, name) {
  const found = await ask(name, { command: 'status' });
  if (json) return printJson(found);
  console.log(`${name}: process ${found.pid}, ${countWorkers(found.size)}, up ${formatTime(found.uptime)}`);
  const head = ['id', 'pid', 'state', 'uptime', 'connections', 'requests', 'loop lag', 'CPU', 'memory', 'restarts'];
  const rows = found.workers.map((worker) => [
    worker.id,
    worker.pid,
    worker.state,
    formatTime(worker.uptime),
    worker.connections,
    worker.requests,
    `${worker.lag} ms`,
    `${worker.cpu.toFixed(0)} %`,
    formatSize(worker.memory),
    worker.restarts,
  ]);
  process.stdout.write(table(head, rows, hasColours(process.stdout)));
  for (const { id, stack } of found.workers.filter((worker) => worker.stack)) {
    console.log(`worker ${id} hangs in\n${stack.map((frame) => `    ${describeFrame(frame)}\n`).join('')}`);
  }
  for (const { id, ill } of found.workers.filter((worker) => worker.ill !== undefined)) {
    console.log(`worker ${id} is ill: ${ill}`);
  }
}

async function unit({ json }, name) {
  const facts = await ask(name, { command: 'unit' });
  const text = unitOf(facts);
  if (json) printJson({ ...facts, text });
  else process.stdout.write(text);
}

/** Has something done, and shows how far it is. On a terminal the line is rewritten. */
async function act({ json }, name, request, done) {
  const isTerminal = Boolean(process.stdout.isTTY);
  const show = ({ done: steps, of }) => {
    if (json) return;
    process.stdout.write(
      `${isTerminal ? '\r' : ''}${request.command} ${name}: ${steps} of ${of}${isTerminal ? '' : '\n'}`,
    );
  };
  let result;
  try {
    result = await ask(name, request, show);
  } finally {
    if (isTerminal && !json) process.stdout.write('\r\x1b[K');
  }
  if (json) printJson({ name, [request.command]: result ?? true });
  else console.log(`${name} ${done(result)}`);
}

function upgrade(options, name) {
  const execPath = options.node && path.resolve(options.node);
  return act(options, name, { command: 'upgrade', execPath }, (pid) => `has been upgraded, and is process ${pid} now`);
}

async function logs({ json, lines = '20', 'no-follow': noFollow }, name) {
  if (!/^\d+$/.test(lines)) throw new Failure(`--lines must be a whole number, not ${JSON.stringify(lines)}`, USAGE);
  const print = ({ worker, text }) => (json ? printJson({ worker, text }) : console.log(`${worker} | ${text}`));
  process.stdout.on('error', ({ code, message }) => {
    if (code !== 'EPIPE') process.stderr.write(`cluster-rs: standard output can't be written to: ${message}\n`);
    process.exit(code === 'EPIPE' ? 0 : FAILED); // Whoever reads may have gone.
  });
  await followLines(name, { lines: Number(lines), follow: !noFollow }, print);
}

/**
 * Prints lines: of a primary to its end, and at the same time of one that takes over from it, as long as that serves; see
 * `Followers`, which answers.
 */
async function followLines(name, which, print) {
  let successor = 'none';
  let end; // of the conversation with the successor: an error, if it fails
  const followSuccessor = () => {
    end = followLines(name, { lines: ALL, follow: true, own: true }, print).catch((error) => error);
  };
  const hear = (event) => {
    if (event.successor === undefined) return print(event);
    successor = event.successor;
    if (successor === 'serving') followSuccessor();
    else end = undefined;
  };
  try {
    await ask(name, { command: 'logs', ...which }, hear);
  } catch (error) {
    if (successor === 'none') throw error;
    if (!end) followSuccessor(); // It has taken over without a word, or has no name yet.
  }
  const error = await end;
  if (error) throw error;
}

async function scale(options, positionals) {
  const workers = readWorkers(positionals.at(-1));
  if (workers === undefined) {
    throw new Failure(
      'missing number of workers: scale [NAME] N, where N is max, a whole number of at least 1, or a range such as 2..8',
      USAGE,
    );
  }
  const name = await pick(positionals.at(-2));
  await act(options, name, { command: 'scale', workers }, (size) => `has ${countWorkers(size)}`);
}

/**
 * @param {string} command
 * @param {object} options
 * @param {string[]} positionals
 */
async function talk(command, options, positionals) {
  const most = { list: 0, profile: 2, scale: 2 }[command] ?? 1;
  if (positionals.length > most) throw new Failure(`unexpected argument after ${command}: ${positionals[most]}`, USAGE);
  if (command === 'list') return list(options);
  if (command === 'scale') return scale(options, positionals);
  if (command === 'profile') {
    const { profile } = require('./profile.js');
    return profile(await pick(positionals.at(-2)), options, positionals.at(-1));
  }
  const name = await pick(positionals[0]);
  if (command === 'top') {
    const { canDraw, top } = require('./top/index.js');
    return canDraw() && !options.json ? top(name) : status(options, name);
  }
  if (command === 'status') return status(options, name);
  if (command === 'logs') return logs(options, name);
  if (command === 'unit') return unit(options, name);
  const done = { reload: 'has been reloaded', restart: 'has been restarted', stop: 'has stopped' };
  if (command === 'upgrade') return upgrade(options, name);
  return act(options, name, { command }, () => done[command]);
}

module.exports = { talk };
