'use strict';

// Signals that reach more than the primary, or a worker alone.

const assert = require('node:assert');
const { describe, it } = require('node:test');
const { beginSlow, supervise } = require('./supervisor/service.js');
const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { childrenOf, freePort, get, gone, isAlive, root, scratch, start, until, write } = require('./support.js');

const limit = { timeout: 120_000 };

describe('signals to a whole group', { concurrency: 2 }, () => {
  it('SIGTERM drops no request', limit, async (t) => {
    const service = await supervise(t, { workers: 2 });
    const { program } = service;
    await program.line(/^ready/);
    const { answer } = await beginSlow(service);
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
    const { answer } = await beginSlow(service);
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
    const { answer } = await beginSlow(service);
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

const hasPython = spawnSync('python3', ['--version']).status === 0;

// Runs a command on a terminal of its own, closes that when it is told to, and says how the command has ended. One
// thread: a read that waits would keep the terminal open.
const terminal = `
import os, pty, select, sys
pid, master = pty.fork()
if pid == 0: os.execvp(sys.argv[1], sys.argv[1:])
print('pid', pid, flush=True)
try:
    while True:
        ready, _, _ = select.select([master, sys.stdin], [], [])
        if sys.stdin in ready: break
        if not os.read(master, 65536): break
except OSError: pass
os.close(master)
print('ended', os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
`;

describe('on a terminal', { concurrency: 2, skip: !hasPython }, () => {
  async function serve(t, ...options) {
    const app = write(
      t,
      "require('http').createServer((_, answer) => answer.end()).listen(process.env.PORT, '127.0.0.1')",
    );
    const port = await freePort();
    const command = [process.execPath, path.join(root, 'bin', 'cluster-rs.js'), app, '-w', '2', '--name', 'api'];
    const launch = `
      const args = ${JSON.stringify(['-c', terminal, ...command, ...options])};
      require('child_process').spawn('python3', args, { stdio: 'inherit' });`;
    const program = start(t, ['-e', launch], { env: { XDG_RUNTIME_DIR: scratch(t), PORT: `${port}` } });
    const primary = Number((await program.line(/^pid (\d+)/))[1]);
    t.after(() => {
      // It is in a session of its own.
      for (const pid of [primary, ...childrenOf(primary)].filter(isAlive)) process.kill(pid, 'SIGKILL');
    });
    await until(
      () =>
        get(port)
          .then(() => true)
          .catch(() => false),
      'an answer',
    );
    await until(() => childrenOf(primary).length === 2, 'two workers');
    return { primary, program, workers: childrenOf(primary) };
  }

  it('that is closed, all ends', limit, async (t) => {
    const { program, workers } = await serve(t);
    program.tell('close');
    await program.line(/^ended 0$/); // And not by SIGABRT.
    await gone(workers);
  });

  it('SIGUSR2 stops, as tools want that restart what they run', limit, async (t) => {
    const { primary, program, workers } = await serve(t);
    for (const pid of [...workers, primary]) process.kill(pid, 'SIGUSR2');
    await program.line(/^ended 0$/);
    await gone(workers);
  });

  it('SIGUSR2 reloads, if it is said so', limit, async (t) => {
    const { primary, workers } = await serve(t, '--reload-signals', 'SIGUSR2');
    process.kill(primary, 'SIGUSR2');
    await gone(workers);
    assert.ok(isAlive(primary));
  });
});

it('without a terminal, a signal that is not to reload stops', limit, async (t) => {
  const { program } = await supervise(t, { workers: 1, reloadSignals: ['SIGHUP'] });
  await program.line(/^ready/);
  process.kill(program.pid, 'SIGHUP');
  await program.line(/^reloaded/);
  process.kill(program.pid, 'SIGUSR2');
  assert.strictEqual(await program.end(), 0);
});

describe('a lame duck', { concurrency: 2 }, () => {
  it('accepts for a while after SIGTERM, and says so at once', limit, async (t) => {
    const { port, program, tell } = await supervise(t, { workers: 2, lameDuck: 2000 });
    await program.line(/^ready/);
    await tell("void supervisor.on('lameDuck', (time) => console.log('lame duck', time, supervisor.workers.length))");
    process.kill(program.pid, 'SIGTERM');
    await program.line(/^lame duck 2000 2$/);
    await program.line(/^worker \d+ is a lame duck$/, 2);
    assert.match(await get(port), /^\d+$/);
    assert.deepStrictEqual(program.lines(/^stop/), []);
    assert.strictEqual(await program.end(), 0);
  });

  it('ends at once when the signal comes again, and by Ctrl+C', limit, async (t) => {
    for (const signals of [['SIGTERM', 'SIGTERM'], ['SIGINT']]) {
      const { program } = await supervise(t, { workers: 1, lameDuck: 600_000 });
      await program.line(/^ready/);
      for (const [i, signal] of signals.entries()) {
        if (i > 0) await program.line(/is a lame duck$/);
        process.kill(program.pid, signal);
      }
      assert.strictEqual(await program.end(), 0);
    }
  });
});
