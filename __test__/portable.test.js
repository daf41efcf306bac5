'use strict';

// The portable layer: what a program has beyond the built-in module is the same there, so the same tests are for both.

process.env.LAYER = 'portable';

const assert = require('node:assert');
const { test } = require('node:test');
const { startOurs, write } = require('./support.js');

for (const name of [
  'adapters',
  'additions',
  'command',
  'draining',
  'from-pm2',
  'health',
  'inspection',
  'layers',
  'scaling',
  'sharing',
  'supervisor',
])
  require(`./${name}.test.js`);

test('a worker that says nonsense harms nobody', { timeout: 60_000 }, async (t) => {
  const program = startOurs(t, [
    write(t, () => {
      const cluster = require('cluster');
      const net = require('net');
      if (cluster.isPrimary) {
        cluster.supervise({ workers: 1, signals: false });
        cluster.on('message', (worker, message) => {
          console.log('goes on', message);
          process.exit();
        });
        return;
      }
      const command = 'NODE_CLUSTER_RS_CONTROL';
      for (const about of [null, 5, [], [null], [{ connections: {} }]]) {
        for (const act of ['figures', 'constructor', '__proto__', 'leaving', null])
          process.send({ cmd: command, act, about });
      }
      const query = { cmd: 'NODE_CLUSTER', act: 'queryServer', addressType: 4, index: 0, seq: 'none' };
      for (const wrong of [{ port: 99_999 }, { port: -1, address: {} }, { port: {} }, { fd: 'x', port: 'y' }, {}]) {
        process.send({ ...query, ...wrong });
      }
      for (const ack of [null, {}, 'cluster-rs:1']) process.send({ cmd: 'NODE_CLUSTER', ack, accepted: true });
      process.send({ cmd: 'NODE_CLUSTER', act: 'close', key: {} });
      net.createServer().listen(0, '127.0.0.1', () => process.send('listening'));
    }),
  ]);
  assert.strictEqual(await program.end(), 0, program.output);
  assert.match(program.stdout, /^goes on listening$/m);
});
