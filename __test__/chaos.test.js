'use strict';

// Workers are killed, stopped, blocked and disconnected at random while clients make connections. No client hangs, and no
// connection fails but those that a worker had when it was killed or left without a word.
//
// Variables: CHAOS_SECONDS, how long for each policy; CHAOS_SEED, a number that was printed, to do the same again (as far
// as time allows).

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const readline = require('node:readline');
const { test } = require('node:test');
const { setTimeout: delay } = require('node:timers/promises');
const { chanceOf } = require('./chaos/chance.js');
const { heldConnections } = require('./chaos/held_connections.js');
const { freePort, scratch, start, startOurs, stat, until } = require('./support.js');

const SECONDS = Number(process.env.CHAOS_SECONDS ?? 15);
const SEED = Number(process.env.CHAOS_SEED ?? Date.now() % 1_000_000);

const CLIENTS = 2;
const SLOTS = 40; // connections of a client at the same time
const BURST = 400; // at most this many more
const WORKERS = 4; // so many at least are there or on their way
const SURVIVORS = 2; // so many at least are never harmed at the same time, for a listener that loses all is closed

/** How often each is done, against the others. */
const actions = {
  fork: 3,
  kill: 4,
  exit: 2,
  exitNext: 2,
  disconnect: 2,
  disconnectItself: 2,
  listenAnew: 2,
  stop: 8,
  block: 4,
  blockNext: 4,
  burst: 2,
  blockPrimary: 1,
};

/** The primary, as the one sees it who plays with its workers. */
class Game {
  workers = new Map(); // by id: pid, state, timer of those that are stopped
  lost = []; // connections that workers had when they were killed, with the time
  exits = [];
  done = {}; // how often, by action

  constructor(t, { dispatches, chance }) {
    this.chance = chance;
    this.dispatches = dispatches;
    this.file = path.join(scratch(t), 'lost');
    fs.writeFileSync(this.file, '');
  }

  async start(t) {
    this.port = await freePort();
    const program = path.join(__dirname, 'chaos', 'program.js');
    const env = { NODE_CLUSTER_SCHED_POLICY: this.dispatches ? 'rr' : 'none' };
    this.primary = startOurs(t, [program, String(this.port), this.file], { env });
    const lines = readline.createInterface({ input: this.primary.child.stdout });
    lines.on('line', (line) => this.hear(JSON.parse(line)));
    for (let i = 0; i < WORKERS; i++) this.act('fork');
    await until(
      () => this.ready().length === WORKERS,
      () => `the workers in:${this.primary.output}`,
    );
  }

  order(order) {
    this.primary.tell(JSON.stringify(order));
  }

  /** Takes note of what the primary says. */
  hear({ event, id, pid, figures, how, at }) {
    const worker = this.workers.get(id);
    if (event === 'fork') this.workers.set(id, { id, pid, state: 'starting' });
    if (event === 'listening' && worker?.state === 'starting') worker.state = 'ready';
    if (event === 'disconnect' && worker !== undefined) worker.state = 'leaving';
    if (event === 'exit') {
      clearTimeout(worker.timer);
      this.exits.push({ id, how, at, state: worker.state });
      this.workers.delete(id);
    }
    if (event === 'figures') this.figures = figures;
  }

  inState(state) {
    return [...this.workers.values()].filter((worker) => worker.state === state);
  }

  ready() {
    return this.inState('ready');
  }

  /** A worker that may be harmed; `undefined` if nobody can be spared. */
  victim() {
    const ready = this.ready();
    const spared = ready.length > SURVIVORS ? ready : [];
    return this.chance.oneOf([...this.workers.values()].filter(({ state }) => state === 'starting').concat(spared));
  }

  tell(worker, what, number) {
    this.order({ tell: worker.id, what, number });
  }

  signal(worker, name) {
    if (stat(worker.pid)?.parent === this.primary.pid) process.kill(worker.pid, name);
  }

  /** Does something, if it can be done now. */
  async act(action) {
    const { chance } = this;
    const done = await {
      fork: () =>
        this.order({ fork: this.dispatches && chance.onceIn(4) ? { MOST_CONNECTIONS: chance.between(10, 40) } : {} }),
      kill: () => this.harm((worker) => this.kill(worker)),
      exit: () => this.harm((worker) => this.tell(worker, 'exit')),
      exitNext: () => this.harm((worker) => this.tell(worker, 'exitNext')),
      disconnect: () => this.harm((worker) => this.order({ disconnect: worker.id }), 'leaving'),
      disconnectItself: () => this.harm((worker) => this.tell(worker, 'disconnect'), 'leaving'),
      listenAnew: () => this.harm((worker) => this.tell(worker, 'listenAnew'), 'starting', 'ready'),
      stop: () => this.stop(chance.oneOf(this.inState(chance.onceIn(4) ? 'leaving' : 'ready'))),
      block: () => this.tell(chance.oneOf(this.ready()), 'block', chance.between(10, 500)),
      blockNext: () => this.tell(chance.oneOf(this.ready()), 'blockNext', chance.between(10, 500)),
      burst: () => chance.oneOf(this.clients).tell(`burst ${chance.between(50, BURST)}`),
      blockPrimary: () => this.order({ block: chance.between(50, 300) }),
    }[action]();
    if (done !== false) this.done[action] = (this.done[action] ?? 0) + 1;
  }

  harm(how, state = 'dying', only = undefined) {
    const worker = this.victim();
    if (worker === undefined || (only !== undefined && worker.state !== only)) return false;
    worker.state = state;
    return how(worker);
  }

  stop(worker) {
    if (worker === undefined || worker.timer !== undefined) return false;
    this.signal(worker, 'SIGSTOP');
    const { chance } = this;
    worker.timer = setTimeout(
      () => {
        worker.timer = undefined;
        this.signal(worker, 'SIGCONT');
      },
      chance.onceIn(8) ? chance.between(500, 2000) : chance.between(1, 300),
    );
    return true;
  }

  /** Kills a worker, at whatever it is doing, and remembers what it had. */
  async kill(worker) {
    clearTimeout(worker.timer);
    this.signal(worker, 'SIGSTOP');
    await until(() => [undefined, 'T'].includes(stat(worker.pid)?.state), 'a worker to stop');
    const held = heldConnections(worker.pid, this.port) ?? [];
    this.lost.push({ at: Date.now(), held });
    this.signal(worker, 'SIGKILL');
  }

  async play(seconds) {
    const bag = Object.entries(actions).flatMap(([action, times]) => Array(times).fill(action));
    const end = Date.now() + seconds * 1000;
    while (Date.now() < end) {
      const coming = this.ready().length + this.inState('starting').length;
      await this.act(coming < WORKERS ? 'fork' : this.chance.oneOf(bag));
      await delay(this.chance.between(0, 100));
    }
  }

  /** Lets all workers go on, and the clients come to their end. Gives what those have to say. */
  async finish() {
    for (const worker of this.workers.values()) {
      if (worker.timer === undefined) continue;
      clearTimeout(worker.timer);
      this.signal(worker, 'SIGCONT');
    }
    for (const client of this.clients) client.tell('finish');
    for (const client of this.clients) assert.strictEqual(await client.end(120_000), 0, client.output);
    const said = this.clients.map((client) => JSON.parse(client.stdout));
    const ended = fs.readFileSync(this.file, 'utf8').split('\n').slice(0, -1);
    this.lost.push(...ended.map((line) => JSON.parse(line)));
    return said;
  }

  /** Whether a worker had this connection when it was killed. */
  wasLost({ place, begun, ended }) {
    return this.lost.some(({ at, held }) => begun <= at && at <= ended && held.includes(place));
  }

  /** The workers that ended at about the time of a failure. */
  exitsAround({ ended }) {
    return this.exits.filter(({ at }) => Math.abs(at - ended) < 1000);
  }

  /** The figures of the dispatcher when it has nothing to do any more. */
  async figuresAtRest() {
    await until(
      async () => {
        this.order({ figures: true });
        await delay(50);
        return this.figures?.queued === 0 && this.figures.waiting === 0;
      },
      () => `rest: ${JSON.stringify(this.figures)}`,
    );
    return this.figures;
  }
}

async function play(t, dispatches) {
  const seed = SEED + Number(dispatches);
  console.log(`chaos: CHAOS_SEED=${SEED} CHAOS_SECONDS=${SECONDS} ${dispatches ? 'SCHED_RR' : 'SCHED_NONE'}`);
  const game = new Game(t, { dispatches, chance: chanceOf(seed) });
  await game.start(t);
  const client = path.join(__dirname, 'chaos', 'client.js');
  game.clients = Array.from({ length: CLIENTS }, (_, i) =>
    start(t, [client, String(game.port), `127.0.0.${i + 2}`, String(SLOTS)]),
  );
  await game.play(SECONDS);
  const said = await game.finish();

  const sum = (name) => said.reduce((total, summary) => total + summary[name], 0);
  const failures = said.flatMap((summary) => summary.failures);
  const figures = await game.figuresAtRest();
  const held = game.lost.flatMap((lost) => lost.held);
  const slowest = Math.max(...said.map((summary) => summary.slowest));
  console.log(`chaos: ${sum('connected')} connections, ${failures.length} failed, slowest ${slowest} ms`);
  console.log(`chaos: killed workers had ${held.length}; ${JSON.stringify(game.done)}`);
  if (dispatches) console.log(`chaos: ${JSON.stringify(figures)}`);

  const unexplained = failures.filter((failure) => failure.why === 'hangs' || !game.wasLost(failure));
  const story = unexplained.map((failure) => ({ ...failure, exits: game.exitsAround(failure) }));
  assert.deepStrictEqual(story, [], game.primary.stderr || undefined);
  assert.ok(sum('answered') > 0);
  assert.strictEqual(sum('answered') + failures.length, sum('connected'));
  assert.strictEqual(game.primary.stderr, '');
  return { connected: sum('connected'), figures };
}

const timeout = (SECONDS + 240) * 1000;

test('chaos: each accepted connection has one worker, dispatched by the primary', { timeout }, async (t) => {
  const { connected, figures } = await play(t, true);
  assert.strictEqual(figures.accepted, connected);
  assert.strictEqual(figures.taken - figures.givenBack + figures.closed, figures.accepted);
  assert.strictEqual(figures.closed, 0);
});

test('chaos: no connection is lost where workers accept by themselves', { timeout }, async (t) => {
  await play(t, false);
});
