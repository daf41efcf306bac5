'use strict';

// What the built-in module does not have: requests, broadcast, figures, least connections.

const assert = require('node:assert');
const { test } = require('node:test');
const { run, write } = require('./support.js');

/** Runs a program on our module and gives the lines that it has printed. */
async function linesOf(t, program) {
  const { stdout, code } = await run(t, ['-r', require.resolve('../register.js'), write(t, program)]);
  assert.strictEqual(code, 0, stdout);
  return stdout.trim().split('\n');
}

test('requests are answered, in both directions', { timeout: 60_000 }, async (t) => {
  const lines = await linesOf(t, () => {
    const cluster = require('cluster');
    if (cluster.isPrimary) {
      cluster.onRequest(async (message, worker) => ({ message, by: worker.id }));
      const worker = cluster.fork();
      worker.request({ question: 1 }).then((answer) => {
        console.log(JSON.stringify(answer));
        worker.disconnect();
      });
    } else {
      // Later than the request: it waits.
      setTimeout(() => cluster.onRequest((message) => cluster.worker.request({ back: message })), 100);
    }
  });
  assert.deepStrictEqual(lines, ['{"message":{"back":{"question":1}},"by":1}']);
});

test('requests fail with the reason', { timeout: 60_000 }, async (t) => {
  const lines = await linesOf(t, () => {
    const cluster = require('cluster');
    if (cluster.isPrimary) {
      const worker = cluster.fork();
      const failure = (message, options) =>
        worker
          .request(message, options)
          .then(console.log, (error) => console.log(error.name, error.code, error.message));
      worker.on('message', async () => {
        await failure('throw');
        await failure('number');
        await failure('nothing');
        await failure('never', { timeout: 20 });
        await failure('exit');
        await failure('too late');
        await worker.request('x', { timeout: -1 }).catch((error) => console.log(error.code));
      });
    } else {
      cluster.onRequest((message) => {
        if (message === 'throw') throw Object.assign(new TypeError('no such thing'), { code: 'ENOTHING' });
        if (message === 'number') throw Object.assign(new Error('has a number'), { code: 23505n });
        if (message === 'nothing') throw Object.create(null);
        if (message === 'exit') process.exit(0);
        return new Promise(() => {});
      });
      process.send('ready');
    }
  });
  assert.deepStrictEqual(lines, [
    'TypeError ENOTHING no such thing',
    'Error undefined has a number',
    'Error undefined The handler has thrown something that has no message',
    'Error ERR_CLUSTER_RS_TIMEOUT No answer within 20 ms',
    'Error ERR_CLUSTER_RS_WORKER_GONE Worker 1 left before it answered',
    'Error ERR_IPC_CHANNEL_CLOSED Channel closed',
    'ERR_OUT_OF_RANGE',
  ]);
});

test(
  'a broadcast reaches all workers that are connected, in order with other messages',
  { timeout: 60_000 },
  async (t) => {
    const lines = await linesOf(t, () => {
      const cluster = require('cluster');
      if (cluster.isPrimary) {
        cluster.fork();
        cluster.fork();
        let online = 0;
        const got = { 1: [], 2: [] };
        cluster.on('online', () => {
          if (++online < 2) return;
          for (const worker of Object.values(cluster.workers)) worker.send('before');
          console.log(cluster.broadcast({ all: 'é' }), cluster.broadcast('x'.repeat(10000)));
          for (const worker of Object.values(cluster.workers)) worker.send('after');
          try {
            cluster.broadcast(undefined);
          } catch (error) {
            console.log(error.code);
          }
        });
        cluster.on('message', (worker, message) => {
          got[worker.id].push(message);
          if (got[1].length < 4 || got[2].length < 4) return;
          console.log(JSON.stringify(got));
          cluster.disconnect(() => console.log(cluster.broadcast('nobody')));
        });
      } else {
        process.on('message', (message) => process.send(message.all ?? message.length));
      }
    });
    const each = '[6,"é",10000,5]';
    assert.deepStrictEqual(lines, ['2 2', 'ERR_MISSING_ARGS', `{"1":${each},"2":${each}}`, '0']);
  },
);

test('a broadcast when a worker has just died ends nobody', { timeout: 60_000 }, async (t) => {
  const lines = await linesOf(t, () => {
    const cluster = require('cluster');
    if (cluster.isPrimary) {
      const worker = cluster.fork();
      worker.on('online', () => {
        process.kill(worker.process.pid, 'SIGKILL');
        const { readFileSync } = require('fs');
        while (!/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${worker.process.pid}/stat`, 'latin1')));
        for (let i = 0; i < 50; i++) cluster.broadcast(i);
      });
      worker.on('exit', (code, signal) => console.log(signal));
    }
  });
  assert.deepStrictEqual(lines, ['SIGKILL']);
});

test('the figures account for each connection', { timeout: 60_000 }, async (t) => {
  const lines = await linesOf(t, () => {
    const cluster = require('cluster');
    const net = require('net');
    if (cluster.isPrimary) {
      console.log(JSON.stringify(cluster.figures()));
      cluster.setupPrimary({ scheduling: { takeBackAfter: 5 } });
      try {
        cluster.setupPrimary({ scheduling: { takeBackAfter: 0 } });
      } catch (error) {
        console.log(error.code);
      }
      cluster.fork().on('listening', ({ port }) => {
        let left = 10;
        for (let i = 0; i < 10; i++) {
          net
            .connect(port, '127.0.0.1')
            .on('data', () => {})
            .on('close', () => {
              if (--left > 0) return;
              const { accepted, taken, closed, queued, waiting } = cluster.figures();
              console.log(accepted, taken + queued, closed, waiting);
              cluster.disconnect();
            });
        }
      });
    } else {
      net.createServer((socket) => socket.end('x')).listen(0, '127.0.0.1');
    }
  });
  const counts = ['accepted', 'taken', 'takenBack', 'givenBack', 'moved', 'parked', 'closed', 'evicted', 'shed'];
  const zero = (name) => `"${name}":0`;
  const zeros = `{${counts.map(zero)},"listeners":[],${['queued', 'waiting'].map(zero)}}`;
  assert.deepStrictEqual(lines, [zeros, 'ERR_OUT_OF_RANGE', '10 10 0 0']);
});

test('least connections: a worker that keeps its connections gets fewer', { timeout: 60_000 }, async (t) => {
  const lines = await linesOf(t, () => {
    const cluster = require('cluster');
    const net = require('net');
    if (cluster.isPrimary) {
      cluster.schedulingPolicy = cluster.SCHED_LEAST;
      const served = { 1: 0, 2: 0, 3: 0 };
      for (let i = 0; i < 3; i++) cluster.fork();
      let listening = 0;
      cluster.on('listening', (_, { port }) => {
        if (++listening < 3) return;
        let left = 30;
        const next = () => {
          if (left-- > 0) {
            net.connect(port, '127.0.0.1').once('data', (id) => {
              served[id]++;
              setTimeout(next, 20);
            });
            return;
          }
          console.log(served[1] < served[2] && served[1] < served[3]);
          process.exit();
        };
        next();
      });
    } else {
      const { id } = cluster.worker;
      net
        .createServer((socket) => {
          socket.write(String(id));
          if (id !== 1) setTimeout(() => socket.destroy(), 5);
        })
        .listen(0, '127.0.0.1');
    }
  });
  assert.deepStrictEqual(lines, ['true']);
});
