'use strict';

// Signals that reach more than the primary, or a worker alone.

const assert = require('node:assert');
const { describe, it } = require('node:test');
const { supervise } = require('./supervisor/service.js');
const { get, gone, isAlive, until } = require('./support.js');

const limit = { timeout: 120_000 };

/** Starts a slow request; fulfilled when a worker has it. */
async function begin({ port, status }) {
  const answer = get(port, { path: '/slow' });
  const requests = async () => (await status()).reduce((sum, worker) => sum + worker.requests, 0);
  await until(async () => (await requests()) === 1, 'the request');
  return { answer };
}

describe('signals to a whole group', { concurrency: 2 }, () => {
  it('SIGTERM drops no request', limit, async (t) => {
    const service = await supervise(t, { workers: 2 });
    const { program } = service;
    await program.line(/^ready/);
    const { answer } = await begin(service);
    process.kill(-program.pid, 'SIGTERM');
    assert.match(await answer, /^\d+$/);
    assert.strictEqual(await program.end(), 0);
    assert.strictEqual(program.lines(/^exit/).length, 2); // They have ended by themselves.
    assert.deepStrictEqual(program.lines(/^death/), []);
  });

  it('SIGHUP and SIGUSR2 reload, and nothing else', limit, async (t) => {
    const service = await supervise(t, { workers: 2 });
    const { program } = service;
    await program.line(/^ready/);
    const { answer } = await begin(service);
    for (const [i, signal] of ['SIGHUP', 'SIGUSR2'].entries()) {
      process.kill(-program.pid, signal);
      await program.line(/^reloaded/, i + 1);
    }
    assert.match(await answer, /^\d+$/);
    assert.deepStrictEqual(program.lines(/^death/), []);
  });
});

describe('signals to a worker alone', { concurrency: 2 }, () => {
  it('SIGTERM has it replaced when its requests are answered', limit, async (t) => {
    const service = await supervise(t, { workers: 1 });
    const { pids, program } = service;
    await program.line(/^ready/);
    const [worker] = await pids();
    const { answer } = await begin(service);
    process.kill(worker, 'SIGTERM');
    assert.strictEqual(await answer, `${worker}`);
    await program.line(new RegExp(`^replace ${worker} leaving$`));
    await gone([worker]);
    assert.deepStrictEqual(program.lines(/^death/), []);
    assert.notDeepStrictEqual(await pids(), [worker]);
  });

  for (const signal of ['SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR2']) {
    it(`${signal} does nothing`, limit, async (t) => {
      const { pids, port, program } = await supervise(t, { workers: 1 });
      await program.line(/^ready/);
      const [worker] = await pids();
      process.kill(worker, signal);
      for (let i = 0; i < 3; i++) assert.strictEqual(await get(port), `${worker}`);
      assert.ok(isAlive(worker));
    });
  }

  it('the end of its time ends it by SIGTERM, whatever it does', limit, async (t) => {
    const { port, program, pids, tell } = await supervise(t, { workers: 1, gracePeriod: 200, killTimeout: 60_000 });
    await program.line(/^ready/);
    await tell("void cluster.on('exit', (worker, code, signal) => console.log('ended', worker.process.pid, signal))");
    const [worker] = await pids();
    await get(port, { path: '/never' }); // It goes on to do something after this answer.
    await tell('supervisor.reload()');
    await program.line(new RegExp(`^ended ${worker} SIGTERM$`));
  });
});
