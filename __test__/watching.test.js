'use strict';

// `node --watch`: its parent process hears of the program's files, in the primary, and the primary of those in workers, as on
// the built-in module; of files of this package only the one that the program itself names, which Node reports before it runs.

const assert = require('node:assert');
const { fork } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { describe, it } = require('node:test');
const { cleanEnvironment, register, root, scratch, start, until } = require('./support.js');

const timeout = 60_000;
const entrance = path.join(root, 'index.js');

/** A primary that prints what a worker reports; the worker loads a file of its own, listens, and is drained. */
function app() {
  const cluster = require('node:cluster');
  require('./both.js');
  if (cluster.isPrimary) {
    require('./primary.js');
    const worker = cluster.fork();
    worker.on('message', (message) => process.send?.({ worker: message }));
    worker.on('listening', () => (worker.drain ? worker.drain() : worker.disconnect()));
    worker.on('exit', () => process.disconnect());
  } else {
    require('./worker.js');
    require('http').createServer().listen(0, '127.0.0.1');
  }
}

/** Writes the program's files into a folder, and gives that. */
function writeProgram(t, before) {
  const folder = scratch(t);
  for (const name of ['both.js', 'primary.js', 'worker.js']) fs.writeFileSync(path.join(folder, name), before);
  fs.writeFileSync(path.join(folder, 'app.js'), `${before};\n(${app})();\n`);
  return folder;
}

/** Runs the program as Node's watcher does, without watching; gives the names that it and its worker report. */
async function reported(t, folder, execArgv) {
  const env = { ...cleanEnvironment(), WATCH_REPORT_DEPENDENCIES: '1' };
  const child = fork(path.join(folder, 'app.js'), [], { execArgv, env });
  t.after(() => child.kill('SIGKILL'));
  const byPrimary = [];
  const byWorker = [];
  child.on('message', ({ worker, ...message }) => {
    const [names, report] = worker ? [byWorker, worker] : [byPrimary, message];
    names.push(...(report['watch:require'] ?? report['watch:import']));
  });
  await until(() => child.exitCode !== null, 'the end of the program', timeout / 2);
  assert.strictEqual(child.exitCode, 0);
  const own = (names) => [...new Set(names.filter(Boolean))].filter((name) => !name.startsWith(folder));
  const programs = (names) => [...new Set(names.filter((name) => name?.startsWith(folder)))].sort();
  return [byPrimary, byWorker].map((names) => ({ own: own(names), programs: programs(names) }));
}

describe('watching', () => {
  const inFolder = (folder, ...names) => names.map((name) => path.join(folder, name));

  /** What has to be reported, whoever serves. */
  function check(folder, [primary, worker], named) {
    assert.deepStrictEqual(primary, { own: named, programs: inFolder(folder, 'app.js', 'both.js', 'primary.js') });
    assert.deepStrictEqual(worker, { own: [], programs: inFolder(folder, 'app.js', 'both.js', 'worker.js') });
  }

  it('is what it is on the built-in module', { timeout }, async (t) => {
    const folder = writeProgram(t, '');
    check(folder, await reported(t, folder, []), []);
  });

  it('leaves out this package, loaded before the program', { timeout }, async (t) => {
    const folder = writeProgram(t, '');
    check(folder, await reported(t, folder, ['-r', register]), [register]);
  });

  it('leaves out this package where each of the program’s files requires it', { timeout }, async (t) => {
    const folder = writeProgram(t, `require(${JSON.stringify(entrance)})`);
    check(folder, await reported(t, folder, []), [entrance]);
  });

  it('restarts a program and its workers when one of its files is changed', { timeout }, async (t) => {
    const folder = writeProgram(t, '');
    const file = path.join(folder, 'app.js');
    fs.writeFileSync(
      file,
      `const cluster = require('cluster');
      const version = require('./primary.js');
      if (cluster.isPrimary) cluster.fork(); else process.on('message', () => {}), console.log('version', version, cluster.isWorker);
      process.on('SIGTERM', () => process.exit());`,
    );
    fs.writeFileSync(path.join(folder, 'primary.js'), 'module.exports = 1;');
    const program = start(t, ['--watch', '-r', register, file], { cwd: folder });
    await program.line(/^version 1 true/);
    fs.writeFileSync(path.join(folder, 'primary.js'), 'module.exports = 2;');
    await program.line(/^version 2 true/);
    program.child.kill('SIGTERM');
    await program.end();
  });
});
