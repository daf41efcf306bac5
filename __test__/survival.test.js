'use strict';

// A supervisor that goes on, whatever happens to its forks, in the program's listeners, and to the clock.

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { describe, it } = require('node:test');
const { supervise } = require('./supervisor/service.js');
const { childrenOf, get, gone, kill, root, scratch, start, until, write } = require('./support.js');

const limit = { timeout: 120_000 };

/** The folder of the workers, which can be made one that no process can be started in: `fork` throws then. */
function folderOf(t) {
  const folder = path.join(scratch(t), 'current');
  fs.mkdirSync(folder);
  return {
    folder,
    spoil() {
      fs.rmdirSync(folder);
      fs.writeFileSync(folder, '');
    },
    mend() {
      fs.rmSync(folder);
      fs.mkdirSync(folder);
    },
  };
}

describe('a fork that throws is a failed start', { concurrency: 2 }, () => {
  async function serve(t, options) {
    const { folder, spoil, mend } = folderOf(t);
    const service = await supervise(
      t,
      { minDelay: 1, maxDelay: 100, maxDeaths: 1000, ...options },
      {},
      { cwd: folder },
    );
    await service.program.line(/^ready/);
    /** Whether all processes are those that the supervisor knows. */
    const isKnown = async () => {
      const known = (await service.status()).map(({ pid }) => pid);
      const all = await service.tell('Object.values(cluster.workers).map((worker) => worker.process.pid)');
      return `${known}` === `${JSON.parse(all)}` && `${known.sort()}` === `${childrenOf(service.program.pid).sort()}`;
    };
    const allReady = (count) =>
      until(
        async () => `${(await service.status()).map(({ state }) => state)}` === `${Array(count).fill('ready')}`,
        () => `${count} workers in ${service.program.output}`,
      );
    return { ...service, spoil, mend, allReady, isKnown };
  }
  const failure = /^startFailed {2}Error.*: a worker could not be started: spawn ENOTDIR \d+$/;

  it('when a worker has died', limit, async (t) => {
    const { program, pids, spoil, mend, allReady, isKnown } = await serve(t, { workers: 2 });
    spoil();
    const [first, second] = await pids();
    await kill(first);
    await program.line(failure, 4);
    assert.deepStrictEqual(await pids(), [second]);
    await until(isKnown, 'only processes that are known');
    mend();
    await allReady(2);
  });

  it('of a spare', limit, async (t) => {
    const { program, status, spoil, mend } = await serve(t, { workers: 1, spares: 1 });
    const states = async () => (await status()).map(({ state }) => state).sort();
    await until(async () => `${await states()}` === 'ready,spare', 'a spare');
    spoil();
    await kill((await status()).find(({ state }) => state === 'spare').pid);
    await program.line(failure, 3);
    assert.deepStrictEqual(await states(), ['ready']);
    mend();
    await until(async () => `${await states()}` === 'ready,spare', 'a spare again');
  });

  it('in a reload, which leaves the old workers', limit, async (t) => {
    const { pids, tell, spoil, mend, isKnown } = await serve(t, { workers: 2, step: 2 });
    const before = await pids();
    spoil();
    assert.match(await tell('supervisor.reload()'), /^ERR_CLUSTER_RS_RELOAD_FAILED .*: a worker could not be started/);
    assert.deepStrictEqual(await pids(), before);
    await until(isKnown, 'only processes that are known');
    mend();
    assert.match(await tell('supervisor.reload()'), /undefined/);
    await gone(before);
  });

  it('in a restart, after which its place is tried for again', limit, async (t) => {
    const { program, pids, tell, spoil, mend, allReady } = await serve(t, { workers: 2, step: 2 });
    const before = await pids();
    spoil();
    assert.match(await tell('supervisor.restart()'), /^ERR_CLUSTER_RS_START_FAILED a worker could not be started/);
    await gone(before);
    await program.line(failure, 6);
    mend();
    await allReady(2);
  });

  it('of one that were to be more, which leaves none of them', limit, async (t) => {
    const { pids, tell, spoil, isKnown } = await serve(t, { workers: 1 });
    const before = await pids();
    // The second one of two: whoever was forked before it has to end.
    await tell(
      `{ const { fork } = cluster; let left = 1;
      cluster.fork = (env) => { if (left-- > 0) return fork(env);
        cluster.fork = fork; throw Object.assign(new Error('no memory'), { syscall: 'spawn' }); } }`.replace(/\n/g, ''),
    );
    assert.match(await tell('supervisor.scale(3)'), /^ERR_CLUSTER_RS_START_FAILED .*no memory/);
    assert.deepStrictEqual(await pids(), before);
    await until(isKnown, 'only processes that are known');
    spoil();
    assert.match(await tell('supervisor.scale(2)'), /^ERR_CLUSTER_RS_START_FAILED .*ENOTDIR/);
    assert.strictEqual(await tell('supervisor.size'), '1');
  });

  it('where a worker is to be replaced', limit, async (t) => {
    const { program, pids, spoil } = await serve(t, { workers: 1, maxAge: 1500 });
    const before = await pids();
    spoil();
    await program.line(/^replace \d+ age/);
    await until(() => /\(node:\d+\) .*a worker could not be started/.test(program.stderr), 'a warning');
    assert.deepStrictEqual(await pids(), before);
  });

  it('at the start', limit, async (t) => {
    const { folder, spoil, mend } = folderOf(t);
    spoil();
    const options = { workers: 2, minDelay: 1, maxDelay: 50, maxDeaths: 1000 };
    const { program, port } = await supervise(t, options, {}, { cwd: folder });
    await program.line(failure, 6);
    mend();
    await program.line(/^ready/);
    assert.match(await get(port), /^\d+$/);
  });
});

describe('what listeners throw is an uncaught exception', { concurrency: 2 }, () => {
  const events = ['ready', 'workerReady', 'startFailed', 'death', 'giveUp', 'replace', 'reload', 'restart', 'reloaded'];
  const preload = `
    const cluster = require('cluster');
    const { supervise } = cluster;
    if (cluster.isPrimary) process.on('uncaughtException', ({ message }) => console.log('uncaught', message));
    cluster.supervise = (options) => {
      const supervisor = supervise(options);
      for (const event of ${JSON.stringify([...events, 'reloadFailed', 'stop'])}) {
        supervisor.on(event, () => { throw new Error(event); });
      }
      return supervisor;
    };`;
  const serve = (t, options, env) => {
    const file = write(t, preload, null, 'preload.js');
    return supervise(t, options, { ...env, NODE_OPTIONS: `-r ${path.join(root, 'register.js')} -r ${file}` });
  };

  it('and all is done as without them', limit, async (t) => {
    const file = write(t, '1', null, 'version');
    const options = { workers: 2, spares: 1, minDelay: 1, maxRequests: 3 };
    const { port, program, pids, status, tell } = await serve(t, options, { VERSION: file });
    const uncaught = (event, count) => program.line(new RegExp(`^uncaught ${event}$`), count);
    const states = async () => (await status()).map(({ state }) => state).sort();
    const all = () =>
      until(
        async () => `${await states()}` === 'ready,ready,spare',
        () => program.output,
      );
    await uncaught('ready');
    await all();
    await kill((await pids())[0]);
    await uncaught('death');
    await all();
    assert.match(await tell('supervisor.reload()'), /undefined/);
    await uncaught('reloaded');
    await uncaught('reload', 3);
    assert.match(await tell('supervisor.restart()'), /undefined/);
    await uncaught('restart', 3);
    await all();
    const before = await pids();
    // One that is busy is passed over: each gets its three in the end.
    const hasReplaced = async () => {
      await get(port);
      return program.lines(/^uncaught replace$/).length >= 2;
    };
    await until(hasReplaced, () => `two replacements in ${program.output}`);
    await until(async () => (await pids()).every((pid) => !before.includes(pid)), 'other workers');
    fs.writeFileSync(file, 'broken');
    assert.match(await tell('supervisor.reload()'), /^ERR_CLUSTER_RS_RELOAD_FAILED/);
    await uncaught('reloadFailed');
    const last = await pids();
    await tell('supervisor.stop()');
    await uncaught('stop');
    await gone(last);
    assert.deepStrictEqual(await status(), []);
  });

  it('and it gives up as without them', limit, async (t) => {
    const options = { workers: 1, minDelay: 1, maxDeaths: 3, exitOnGiveUp: true };
    const { program } = await serve(t, options, { VERSION: write(t, 'broken', null, 'version') });
    assert.strictEqual(await program.end(), 1);
    assert.strictEqual(program.lines(/^uncaught giveUp$/).length, 1);
  });
});

it('a clock on the wall that jumps changes nothing', limit, async (t) => {
  const { program, pids, status, tell } = await supervise(t, { workers: 1, maxAge: 60_000, maxDelay: 60_000 });
  await program.line(/^ready/);
  const [first] = await pids();
  await tell('Date.now = () => 1e15');
  await new Promise((resolve) => setTimeout(resolve, 1500)); // It has looked at the worker.
  await kill(first);
  await program.line(/^workerReady/, 2);
  const [second] = await pids();
  await tell('Date.now = () => 0');
  await kill(second);
  await program.line(new RegExp(`^death ${second}  SIGKILL 100$`)); // The second one in a row, a few seconds old.
  await program.line(/^workerReady/, 3);
  const [{ uptime }] = await status();
  assert.ok(uptime >= 0 && uptime < 60_000, `${uptime}`);
  assert.deepStrictEqual(program.lines(/^replace/), []);
});

it('without a grace period, a worker has all the time', limit, async (t) => {
  const { port, program, pids, tell } = await supervise(t, { workers: 1, gracePeriod: 0 });
  await program.line(/^ready/);
  const [worker] = await pids();
  const slow = get(port, { path: '/slow' });
  await until(async () => JSON.parse(await tell('supervisor.status()'))[0].requests === 1, 'the request');
  await tell('supervisor.reload()');
  assert.strictEqual(Number(await slow), worker);
});

it(
  'the command goes on without descriptors',
  { ...limit, skip: spawnSync('prlimit', ['--version']).status !== 0 },
  async (t) => {
    const folder = scratch(t);
    const app = write(t, "require('http').createServer((_, answer) => answer.end('ok')).listen(0, '127.0.0.1')");
    const command = [path.join(root, 'bin', 'cluster-rs.js'), app, '-w', '9', '--name', 'api'];
    const limited = `require('child_process').spawnSync('prlimit', ['--pid', process.pid, '--nofile=64:64']);`;
    const env = { XDG_RUNTIME_DIR: folder };
    const program = start(t, ['-r', write(t, limited), ...command], { env });
    await until(
      () => /could not be started: spawn \S+ EMFILE: the next one starts in 200 ms/.test(program.stderr),
      () => program.output,
    );
    assert.strictEqual(program.child.exitCode, null);
    assert.strictEqual((await childrenOf(program.pid)).length > 0, true);
    process.kill(program.pid, 'SIGTERM');
    assert.strictEqual(await program.end(), 0);
  },
);

describe('a crash is not an outage', { concurrency: 2 }, () => {
  it('whichever worker meets the request that ends it', limit, async (t) => {
    const options = { workers: 2, minDelay: 1, maxDelay: 100, maxDeaths: 3, exitOnGiveUp: true };
    const { port, program, pids } = await supervise(t, options);
    await program.line(/^ready/);
    for (let i = 1; i <= 12; i++) {
      await assert.rejects(get(port, { path: '/crash' }), { code: 'ECONNRESET' });
      await program.line(/^death/, i);
      // Where the other one had not come back yet, nobody would be left.
      await until(async () => (await pids()).length === 2, 'both workers');
    }
    assert.match(await get(port), /^\d+$/);
    assert.deepStrictEqual(program.lines(/^giveUp/), []);
  });

  it('when the program can not start any more, until nobody is left', limit, async (t) => {
    const file = write(t, '1', null, 'version');
    const options = { workers: 2, minDelay: 1, maxDelay: 50, maxDeaths: 3, exitOnGiveUp: true };
    const { port, program, pids, tell } = await supervise(t, options, { VERSION: file });
    await program.line(/^ready/);
    const [first, second] = await pids();
    fs.writeFileSync(file, 'broken');
    await kill(first);
    await program.line(/^death \d+ 1 {2}50$/, 4);
    assert.deepStrictEqual(await pids(), [second]);
    fs.writeFileSync(file, '1');
    await program.line(/^workerReady/, 3);
    assert.strictEqual((await pids()).length, 2);
    await tell('supervisor.scale(1)'); // Who is left is the one that can't be replaced.
    fs.writeFileSync(file, 'broken');
    assert.match(await get(port), /^\d+$/);
    await kill((await pids())[0]);
    assert.strictEqual(await program.end(), 1);
    assert.strictEqual(program.lines(/^giveUp 3$/).length, 1);
  });

  it('and a worker that can not be replaced is tried for less and less often', limit, async (t) => {
    const file = write(t, '1', null, 'version');
    const options = { workers: 1, maxAge: 500, minDelay: 60_000, maxDelay: 60_000 };
    const { program, pids } = await supervise(t, options, { VERSION: file });
    await program.line(/^ready/);
    const before = await pids();
    fs.writeFileSync(file, 'broken');
    await program.line(/^replace/, 2); // The first one and, at the next look, the second.
    await new Promise((resolve) => setTimeout(resolve, 2500));
    assert.strictEqual(program.lines(/^replace/).length, 2);
    assert.deepStrictEqual(await pids(), before);
  });
});
