'use strict';

// Where the built-in module loses something, and this one is not to.

const assert = require('node:assert');
const { test } = require('node:test');
const { startOurs, write } = require('./support.js');

const release = Number(process.versions.node.split('.', 1)[0]);

/** Runs a program to its end; gives the lines that it has printed. */
async function lines(t, program) {
  const running = startOurs(t, [write(t, program)]);
  assert.strictEqual(await running.end(), 0, running.output);
  return running.stdout.trim().split('\n');
}

test('2000 messages, then process.disconnect(): all arrive', { timeout: 60_000 }, async (t) => {
  const program = () => {
    const cluster = require('cluster');
    if (cluster.isPrimary) {
      let count = 0;
      const worker = cluster.fork();
      worker.on('message', () => count++);
      worker.on('disconnect', () => console.log(count));
    } else {
      for (let i = 0; i < 2000; i++) process.send('x'.repeat(300));
      process.disconnect();
    }
  };
  assert.deepStrictEqual(await lines(t, program), ['2000']);
});

test('more than the socket takes, then a signal to itself: all arrive', { timeout: 60_000 }, async (t) => {
  const program = () => {
    const cluster = require('cluster');
    if (cluster.isPrimary) {
      let count = 0;
      const worker = cluster.fork();
      worker.on('message', () => count++);
      worker.on('exit', (code, signal) => console.log(count, signal));
    } else {
      for (let i = 0; i < 4; i++) process.send('x'.repeat(4 << 20));
      process.kill(process.pid);
    }
  };
  assert.deepStrictEqual(await lines(t, program), ['4 SIGTERM']);
});

// Before Node 22, 0 means that there is no limit.
const skip = release < 22 && 'needs Node 22';
test('maxConnections = 0: the connection is dropped', { timeout: 60_000, skip }, async (t) => {
  const program = () => {
    const cluster = require('cluster');
    const net = require('net');
    if (cluster.isPrimary) {
      const worker = cluster.fork();
      worker.on('message', (message) => console.log(message));
      worker.on('listening', ({ port }) => {
        const client = net.connect(port, '127.0.0.1').resume();
        client.on('error', () => {}).on('close', () => worker.disconnect());
      });
    } else {
      const server = net.createServer().listen(0, '127.0.0.1');
      server.maxConnections = 0;
      server.on('drop', () => process.send('dropped'));
    }
  };
  assert.deepStrictEqual(await lines(t, program), ['dropped']);
});

test('a worker without listeners for internalMessage serves', { timeout: 60_000 }, async (t) => {
  const program = () => {
    const cluster = require('cluster');
    if (cluster.isPrimary) {
      const worker = cluster.fork();
      worker.on('listening', () => worker.disconnect());
      worker.on('exit', (code) => console.log('exit', code, worker.exitedAfterDisconnect));
    } else {
      process.removeAllListeners('internalMessage');
      require('net').createServer().listen(0, '127.0.0.1');
    }
  };
  assert.deepStrictEqual(await lines(t, program), ['exit 0 true']);
});

test(
  'a worker that never listens is told when it loses messages, and has those that follow',
  {
    timeout: 60_000,
  },
  async (t) => {
    const program = () => {
      const cluster = require('cluster');
      if (cluster.isPrimary) {
        const worker = cluster.fork();
        for (let i = 0; i < 300_000; i++) worker.send(i);
        worker.on('message', (message) => {
          console.log(message);
          if (message === 'listens') worker.send('fresh');
          else if (message === 'has fresh') worker.disconnect();
        });
      } else {
        process.once('warning', ({ code }) => {
          process.send(code);
          process.on('message', (message) => {
            if (message === 'fresh') process.send('has fresh');
          });
          process.send('listens');
        });
      }
    };
    assert.deepStrictEqual(await lines(t, program), ['CLUSTER_RS_MESSAGES_LOST', 'listens', 'has fresh']);
  },
);
