'use strict';

// Packages that look at `cluster`, or listen in a worker. Each program is run on the built-in module and on ours, and
// both have to print what is written here.

const assert = require('node:assert');
const path = require('node:path');
const { describe, it } = require('node:test');
const { pathToFileURL } = require('node:url');
const { readProgram } = require('./differential/program.js');
const { run } = require('./differential/run.js');

const folder = path.join(__dirname, 'packages');

async function runProgram(name, { ours, flags = [], as = 'register' }) {
  const program = { ...readProgram(path.join(folder, name)), flags, as, timeout: 50 };
  const { stdout, stderr, exit, processes, files } = await run(program, { node: process.execPath, ours });
  const lines = stdout.split('\n').slice(0, -1);
  return { lines, stderr, exit, processes, files };
}

/** A test that both modules print these lines, in the order in which a primary prints them, unless `sorted`. */
function prints(title, lines, { name = `${title}.js`, flags, sorted = false } = {}) {
  it(title, { timeout: 120_000 }, async () => {
    for (const ours of [false, true]) {
      const result = await runProgram(name, { ours, flags });
      if (sorted) result.lines.sort();
      assert.deepStrictEqual(
        result,
        { lines, stderr: '', exit: 'code 0', processes: 0, files: [] },
        ours ? 'ours' : 'the built-in module',
      );
    }
  });
}

describe('packages', { concurrency: 4 }, () => {
  prints('express', [
    "[ 'worker 1', 'worker 2' ]",
    'text/html; charset=utf-8',
    '{"sum":6}',
    "'use strict';",
    '500 404',
    '200 of 200 at once',
    'ends [ 0, 0 ]',
  ]);

  const fastify = [
    '{"sum":6}',
    '{"statusCode":400,"code":"FST_ERR_VALIDATION","error":"Bad Request","message":"body/numbers/0 must be number"}',
    '404',
    'slow, and not lost [ 0, null ] [ 0, null ]',
  ];
  prints('fastify', ['127.0.0.1 2 workers', ...fastify, 'localhost 2 workers', ...fastify]);

  prints('ws', [
    "[ 'worker 1', 'worker 2' ]",
    'echo 0 echo 1 echo 2 echo 3 echo 4 echo 5 echo 6 echo 7',
    '300000',
    "Set(1) { 'for all' }",
    'Set(1) { 4000 }',
    'ends [ 0, 0 ]',
  ]);

  prints('socket-io', [
    'workers [ 1, 2 ]',
    'transports polling websocket websocket polling websocket websocket',
    "Set(1) { 'text 1 bytes' }",
    'for all for all for all for all for all for all',
    'for the room for the room for the room for the room',
    'sockets 6',
    'other workers 1',
    'answers of all 6',
    'ends [ 0, 0 ]',
  ]);

  prints('prom-client', [
    'requests{path="/"} 30',
    'seconds_bucket{le="1"} 30',
    'seconds_bucket{le="2"} 30',
    'seconds_bucket{le="+Inf"} 30',
    'seconds_sum 15',
    'seconds_count 30',
    'open 3',
    'ids_greatest 3',
    'ids_average 2',
    'true',
    'ends [ 0, 0 ]',
    "[ '' ]",
  ]);

  prints('log4js', ['40 true', '40 true', '40 true', '3 errors', 'INFO service primary: the workers have gone']);

  const ofEachWorker = ['200 true', '200'];
  prints('winston', [
    ...ofEachWorker,
    ...ofEachWorker,
    ...ofEachWorker,
    "[ '1: warn: last', '2: warn: last', '3: warn: last' ]",
  ]);

  const typed = {
    '--import tsx': ['--import', pathToFileURL(require.resolve('tsx')).href],
    '--require tsx/cjs': ['--require', require.resolve('tsx/cjs')],
  };
  for (const [title, flags] of Object.entries(typed)) {
    const lines = ['all have gone 0', 'answer question: ready?', 'answer question: ready?', 'typed', 'typed'];
    prints(title, lines, { name: 'typed.ts', flags, sorted: true });
  }

  it('node --test of a test that requires cluster-rs', { timeout: 120_000 }, async () => {
    const { lines, stderr, exit, processes } = await runProgram('requires-cluster-rs.js', { ours: false, as: 'test' });
    assert.ok(lines.includes('# pass 2') && lines.includes('# fail 0'), lines.join('\n'));
    assert.deepStrictEqual({ stderr, exit, processes }, { stderr: '', exit: 'code 0', processes: 0 });
  });
});
