'use strict';

// PM2 in cluster mode. Its daemon is the primary, so that is what has to load us.

const assert = require('node:assert');
const { execFile } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { describe, it } = require('node:test');
const { isDeepStrictEqual, promisify } = require('node:util');
const {
  cleanEnvironment,
  freePort,
  get,
  gone,
  isAlive,
  isFree,
  kill,
  register,
  scratch,
  until,
} = require('./support.js');

const cli = path.join(path.dirname(require.resolve('pm2/package.json')), 'bin', 'pm2');
const app = path.join(__dirname, 'packages', 'pm2-app.js');

/** PM2 with a home, and so a daemon, of its own. */
class Pm2 {
  #env;
  #home;

  constructor(t, env) {
    t.after(() => this.#end()); // Before its home goes.
    this.#home = scratch(t);
    this.#env = {
      ...cleanEnvironment(),
      PM2_HOME: this.#home,
      PM2_DISCRETE_MODE: 'true',
      PM2_DISABLE_VERSION_CHECK: 'true',
      ...env,
    };
  }

  async run(...args) {
    const options = { cwd: this.#home, env: this.#env };
    const { stdout } = await promisify(execFile)(process.execPath, [cli, '--no-color', ...args], options);
    return stdout;
  }

  /** Its workers, in the order of their ids. */
  async list() {
    const printed = await this.run('jlist', '--silent');
    const list = JSON.parse(/^\[.*\]$/m.exec(printed)[0]);
    return list.map(({ pid, pm2_env: about }) => ({
      pid,
      id: about.pm_id,
      mode: about.exec_mode,
      status: about.status,
      restarts: about.restart_time,
    }));
  }

  async #end() {
    const file = path.join(this.#home, 'pm2.pid');
    const workers = (await this.list()).map(({ pid }) => pid);
    await kill(Number(fs.readFileSync(file)), 'SIGTERM');
    await gone(workers);
  }
}

async function ask(port) {
  return JSON.parse(await get(port));
}

/** Asks as long as `promise` is pending; gives how many questions had no answer. */
async function lostDuring(promise, port) {
  let isPending = true;
  let lost = 0;
  const settled = promise.finally(() => (isPending = false));
  const client = async () => {
    while (isPending) await ask(port).catch(() => lost++);
  };
  await Promise.all([settled, client(), client()]);
  return lost;
}

async function checkPm2(t, { env, native }) {
  const port = await freePort();
  const pm2 = new Pm2(t, { PORT: String(port), ...env });
  const pids = async () => (await pm2.list()).map(({ pid }) => pid);
  const answering = async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(port)));
    for (const answer of answers) assert.deepStrictEqual([answer.isWorker, answer.native], [true, native]);
    return new Set(answers.map(({ pid }) => pid));
  };
  const allAnswer = async (workers) => {
    const expected = [...workers].sort();
    await until(async () => isDeepStrictEqual([...(await answering())].sort(), expected), `answers of ${expected}`);
  };

  await pm2.run('start', app, '--name', 'app', '-i', '2');
  const first = await pm2.list();
  const shape = { mode: 'cluster_mode', status: 'online', restarts: 0 };
  assert.deepStrictEqual(first, [
    { pid: first[0].pid, id: 0, ...shape },
    { pid: first[1].pid, id: 1, ...shape },
  ]);
  await allAnswer(await pids());

  const lost = await lostDuring(pm2.run('reload', 'app'), port);
  const second = await pm2.list();
  assert.deepStrictEqual(
    second.map(({ id, status, restarts }) => [id, status, restarts]),
    [
      [0, 'online', 1],
      [1, 'online', 1],
    ],
  );
  for (const { pid } of first) assert.ok(!isAlive(pid), 'a worker from before the reload');
  if (native) assert.strictEqual(lost, 0);
  await allAnswer(await pids());

  await assert.rejects(get(port, { path: '/crash' }));
  const restarts = async () => (await pm2.list()).reduce((sum, worker) => sum + worker.restarts, 0);
  await until(async () => (await restarts()) === 3, 'a crashed worker to be started again');
  await allAnswer(await pids());

  await pm2.run('scale', 'app', '3');
  const third = await pids();
  assert.strictEqual(third.length, 3);
  await allAnswer(third);

  await pm2.run('delete', 'app');
  assert.deepStrictEqual(await pm2.list(), []);
  await gone(third);
  assert.ok(await isFree(port));
}

const ways = {
  'the built-in module': { native: false },
  'ours by PM2_NODE_OPTIONS, for the daemon alone': { env: { PM2_NODE_OPTIONS: `-r ${register}` }, native: true },
  'ours by NODE_OPTIONS, for all that PM2 starts': { env: { NODE_OPTIONS: `-r ${register}` }, native: true },
};
describe('PM2', { concurrency: 3 }, () => {
  for (const [name, way] of Object.entries(ways)) {
    it(`runs on ${name}`, { timeout: 120_000 }, (t) => checkPm2(t, way));
  }
});
