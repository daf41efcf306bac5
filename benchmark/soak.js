'use strict';

// A long run, by hand: many connections, with workers that are stopped and killed among them. Says whether the primary's
// memory and descriptors stay what they were.
//
//   node benchmark/soak.js                        1,000,000 connections
//   node benchmark/soak.js --connections 300000   so many
//   node benchmark/soak.js --workers 8            instead of 4

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const readline = require('node:readline');
const { setTimeout: delay } = require('node:timers/promises');
const { parseArgs } = require('node:util');

const program = path.join(__dirname, 'programs', 'soak.js');
const register = path.join(__dirname, '..', 'register.js');

const CLIENTS = 2;

/** After how many connections there is a line. */
const STEP = 50_000;

/** How often a worker is stopped, in milliseconds; every fourth is killed instead. */
const TROUBLE = 500;

/** For how long a worker is stopped, in milliseconds. */
const STOP = 150;

/** By how much the primary's memory may differ at the end, in megabytes: garbage is collected when V8 likes. */
const TOLERANCE = 8;

/** How long the service may take for what it has to do before it is at rest, in milliseconds. */
const REST = 3000;

function start(args, onSaid) {
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  process.on('exit', () => child.kill('SIGKILL'));
  readline.createInterface({ input: child.stdout }).on('line', (line) => onSaid(JSON.parse(line)));
  return child;
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1));

/** The primary and its workers. */
class Service {
  workers = new Set(); // pids of those that listen
  killed = 0;
  stopped = 0;
  isLeftAlone = false;

  constructor(workers) {
    this.child = start(['-r', register, program, 'serve', String(workers)], ({ port, listens, gone, figures }) => {
      if (listens) this.workers.add(listens);
      this.workers.delete(gone);
      this.port ??= port;
      this.figures = figures ?? this.figures;
    });
  }

  /** Until {@link Service#isLeftAlone}. */
  async makeTrouble() {
    for (let i = 1; ; i++) {
      await delay(TROUBLE);
      if (this.isLeftAlone) return;
      const [pid] = [...this.workers].sort(() => Math.random() - 0.5);
      // The last one stays, for a service without workers is closed.
      if (i % 4 === 0 && this.workers.size > 1) {
        this.workers.delete(pid);
        process.kill(pid, 'SIGKILL');
        this.killed++;
      } else if (i % 4 !== 0 && pid !== undefined) {
        process.kill(pid, 'SIGSTOP');
        this.stopped++;
        await delay(STOP);
        process.kill(pid, 'SIGCONT');
      }
    }
  }

  /** What the primary has now: memory in megabytes, descriptors, threads. */
  belongings() {
    const { pid } = this.child;
    const status = fs.readFileSync(`/proc/${pid}/status`, 'latin1');
    return {
      memory: Number(/VmRSS:\s*(\d+)/.exec(status)[1]) / 1024,
      descriptors: fs.readdirSync(`/proc/${pid}/fd`).length,
      threads: Number(/Threads:\s*(\d+)/.exec(status)[1]),
    };
  }
}

function median(numbers) {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1];
}

async function main() {
  const { values } = parseArgs({
    options: { connections: { type: 'string', default: '1000000' }, workers: { type: 'string', default: '4' } },
  });
  const count = Number(values.connections);
  const workers = Number(values.workers);
  if (!(count >= STEP) || !(workers >= 2)) throw new Error(`at least ${STEP} connections and 2 workers`);

  const service = new Service(workers);
  while (service.workers.size < workers) await delay(10);

  const samples = [];
  const clients = [];
  let next = STEP;
  const sample = (ended) => {
    const now = service.belongings();
    samples.push(now.memory);
    console.log(
      `${ended} connections: ${now.memory.toFixed(1)} MB, ${now.descriptors} descriptors, ${now.threads} threads; ` +
        `${service.killed} workers killed, ${service.stopped} stopped`,
    );
  };
  const run = (client, connections) =>
    new Promise((resolve) => {
      const address = `127.0.0.${client + 2}`;
      start([program, 'ask', String(service.port), address, String(connections)], (said) => {
        clients[client] = said;
        const ended = clients.reduce((sum, one) => sum + (one?.ended ?? 0), 0);
        for (; ended >= next; next += STEP) sample(next);
      }).once('close', resolve);
    });

  // What is there for good once it has been needed.
  await Promise.all([run(0, 1000), run(1, 1000)]);
  clients.length = 0;
  await delay(REST);
  const before = service.belongings();
  console.log(`at rest: ${before.memory.toFixed(1)} MB, ${before.descriptors} descriptors, ${before.threads} threads`);

  const begin = performance.now();
  service.makeTrouble();
  const share = Math.ceil(count / CLIENTS);
  await Promise.all(Array.from({ length: CLIENTS }, (_, client) => run(client, share)));
  const seconds = (performance.now() - begin) / 1000;
  report(service, clients, samples, before, seconds);
}

async function report(service, clients, samples, before, seconds) {
  service.isLeftAlone = true;
  await delay(REST);
  service.child.stdin.write('figures\n');
  while (service.figures === undefined) await delay(10);
  const after = service.belongings();
  const ends = {};
  for (const client of clients) {
    for (const [how, number] of Object.entries(client.ends)) ends[how] = (ends[how] ?? 0) + number;
  }
  const third = Math.floor(samples.length / 3) || 1;
  const growth = median(samples.slice(-third)) - median(samples.slice(0, third));
  const { figures } = service;

  const verdicts = {
    'memory is flat': growth <= TOLERANCE,
    'descriptors are what they were': after.descriptors === before.descriptors,
    'threads are what they were': after.threads === before.threads,
    'no client hangs': ends.hangs === undefined,
    'the figures add up': figures.accepted === figures.taken - figures.givenBack + figures.closed,
  };
  console.log(`in ${seconds.toFixed(0)} s, ends: ${JSON.stringify(ends)}`);
  console.log(`figures: ${JSON.stringify(figures)}`);
  console.log(`memory: ${growth.toFixed(1)} MB more in the last third than in the first`);
  for (const [what, holds] of Object.entries(verdicts)) console.log(`${holds ? 'yes' : 'NO '}  ${what}`);
  process.exit(Object.values(verdicts).every(Boolean) ? 0 : 1);
}

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
