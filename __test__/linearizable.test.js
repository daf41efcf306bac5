'use strict';

// Histories of eight workers that are killed and stopped, which use the same entries of a store: they must be those of a
// store that does one thing after the other. For as many seconds as LINEARIZABLE_SECONDS says.

const assert = require('node:assert');
const { spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { setTimeout: delay } = require('node:timers/promises');
const { test } = require('node:test');
const { childrenOf, freePort, gone, scratch, startOurs, until } = require('./support.js');
const { isLinearizable } = require('./sharing/linearizable.js');

const seconds = Number(process.env.LINEARIZABLE_SECONDS ?? 4);
const limit = { timeout: 120_000 + 4000 * seconds };
const hasRedis = spawnSync('redis-server', ['--version']).status === 0;

const operation = (name, given, began, ended, answer) => ({ name, given, began, ended, answer });

test('the checker tells right from wrong', () => {
  const set = operation('set', [1], 0, 10);
  assert.ok(isLinearizable([set, operation('get', [], 5, 15, 1)]));
  assert.ok(isLinearizable([set, operation('get', [], 5, 15, undefined)]));
  assert.ok(!isLinearizable([set, operation('get', [], 11, 15, undefined)]), 'a stale read');
  assert.ok(!isLinearizable([operation('incr', [1], 0, 5, 1), operation('incr', [1], 0, 5, 1)]), 'a lost update');
  const unanswered = { ...set, ended: undefined };
  assert.ok(isLinearizable([unanswered, operation('get', [], 20, 30, undefined), operation('get', [], 40, 50, 1)]));
  assert.ok(!isLinearizable([unanswered, operation('get', [], 20, 30, 1), operation('get', [], 40, 50, undefined)]));
  const twice = [operation('add', [1], 0, 9, true), operation('add', [2], 0, 9, true)];
  assert.ok(!isLinearizable(twice), 'two that were first');
  assert.ok(isLinearizable([...twice, operation('delete', [], 1, 8, true)]));
});

/** The histories by key, of what the workers have written. */
function historiesIn(folder) {
  const histories = new Map();
  for (const name of fs.readdirSync(folder)) {
    const operations = new Map();
    const lines = fs.readFileSync(path.join(folder, name), 'utf8').split('\n');
    for (const line of lines.slice(0, -1)) {
      const { id, given, answer, ...entry } = JSON.parse(line);
      const told = operations.get(id);
      if (told) Object.assign(told, entry, { answer: answer ?? undefined });
      else operations.set(id, { ...entry, given: given.map((one) => one ?? undefined) });
    }
    for (const one of operations.values()) {
      if (!histories.has(one.key)) histories.set(one.key, []);
      histories.get(one.key).push(one);
    }
  }
  return histories;
}

function signal(pid, name) {
  try {
    process.kill(pid, name);
  } catch {
    // It has gone meanwhile.
  }
}

async function check(t, env, trouble) {
  const folder = scratch(t);
  const program = startOurs(t, [path.join(__dirname, 'sharing', 'worker.js')], { env: { ...env, FOLDER: folder } });
  await until(() => fs.readdirSync(folder).length === 8, 'eight workers');
  const end = Date.now() + 1000 * seconds;
  let [killed, stopped] = [0, 0];
  while (Date.now() < end) {
    await delay(50 + Math.random() * 150);
    const workers = childrenOf(program.pid);
    const victim = workers[Math.floor(Math.random() * workers.length)];
    if (!victim) continue;
    if (Math.random() < 0.5) {
      signal(victim, 'SIGKILL');
      killed++;
    } else {
      signal(victim, 'SIGSTOP');
      await delay(Math.random() * 100);
      signal(victim, 'SIGCONT');
      stopped++;
    }
    await trouble?.();
  }
  const workers = childrenOf(program.pid);
  process.kill(program.pid, 'SIGKILL');
  await gone(workers);
  const histories = [...historiesIn(folder).values()];
  const count = histories.reduce((sum, { length }) => sum + length, 0);
  t.diagnostic(`${count} operations on ${histories.length} entries, ${killed} workers killed, ${stopped} stopped`);
  assert.ok(count > 100 && killed + stopped > 0, `${count} operations`);
  for (const history of histories) assert.ok(isLinearizable(history), JSON.stringify(history));
}

test('a store does one thing after the other', limit, (t) => check(t, {}));

const skip = hasRedis || process.env.REDIS ? false : 'redis-server is missing: apt-get install redis-server';
test('so it does over Redis', { ...limit, skip }, async (t) => {
  const port = await freePort();
  const folder = scratch(t);
  const args = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, '--save', ''];
  const server = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'ignore'] });
  t.after(async () => {
    server.kill('SIGKILL');
    await gone([server.pid]);
  });
  let said = '';
  server.stdout.on('data', (text) => (said += text));
  await until(() => /ready to accept/i.test(said), 'a Redis server');
  const env = { REDIS_PORT: `${port}`, REDIS_MODULE: path.join(__dirname, '..', 'node_modules', 'redis') };
  await check(t, env, async () => {
    if (Math.random() < 0.8) return;
    server.kill('SIGSTOP');
    await delay(Math.random() * 200);
    server.kill('SIGCONT');
  });
});
