'use strict';

// What tracers hear by `diagnostics_channel`.

const assert = require('node:assert');
const { test } = require('node:test');
const { startOurs, write } = require('./support.js');

test('tracers hear of connections and of what a supervisor does', { timeout: 60_000 }, async (t) => {
  const program = startOurs(t, [
    write(t, () => {
      const { subscribe } = require('diagnostics_channel');
      const cluster = require('cluster');
      const http = require('http');
      if (cluster.isWorker) {
        subscribe('cluster-rs.connection', ({ isServed, queueTime, server: of, socket }) => {
          const isRight = of === server && socket.remoteAddress === '127.0.0.1' && queueTime >= 0 && queueTime < 60_000;
          console.log('connection', isRight, isServed);
        });
        const server = http.createServer((request, response) => response.end());
        server.listen(0, '127.0.0.1');
        return;
      }
      const events = ['workerReady', 'ready', 'death', 'reload', 'reloaded', 'stop'];
      for (const event of events) {
        subscribe(`cluster-rs.${event}`, ({ supervisor: of, worker, ...about }) => {
          const own = of === supervisor || event === 'workerReady';
          console.log(event, own, worker?.id, JSON.stringify(about));
        });
      }
      const supervisor = cluster.supervise({ workers: 1 });
      cluster.once('listening', (worker, { port }) => {
        http.get({ port, host: '127.0.0.1', agent: false }, async (response) => {
          response.resume();
          await supervisor.reload();
          supervisor.workers[0].process.kill('SIGKILL');
          supervisor.once('workerReady', () => supervisor.stop());
        });
      });
    }),
  ]);
  assert.strictEqual(await program.end(), 0, program.output);
  const lines = program.stdout.split('\n').slice(0, -1);
  const own = (line) => !line.startsWith('connection'); // A worker prints that at about the same time.
  assert.deepStrictEqual(
    lines.filter((line) => !own(line)),
    ['connection true false'],
  );
  assert.deepStrictEqual(lines.filter(own), [
    'workerReady true 1 {}',
    'ready true undefined {}',
    'reload true undefined {"done":0,"of":1}',
    'workerReady true 2 {}',
    'reload true undefined {"done":1,"of":1}',
    'reloaded true undefined {}',
    'death true 2 {"code":null,"signal":"SIGKILL","delay":0}',
    'workerReady true 3 {}',
    'stop true undefined {}',
  ]);
});
