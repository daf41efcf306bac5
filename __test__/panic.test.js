'use strict';

// The dispatcher's thread panics. Nothing can make it do so from outside (a Rust test does), so here it is made to say so: what it tells
// of a worker that breaks its handoff socket is taken for the text of a panic.

const assert = require('node:assert');
const { describe, it } = require('node:test');
const { root, start, write } = require('./support.js');

const timeout = 60_000;

function program({ root, goesOn }) {
  const { binding } = require(`${root}/lib/native.js`);
  const { Primary } = binding;
  binding.Primary = class extends Primary {
    constructor(numbers, hear, ...others) {
      super(numbers, (text) => hear(text, true), ...others);
    }
  };
  const cluster = require(root);
  const fs = require('node:fs');
  const net = require('node:net');

  if (cluster.isPrimary) {
    if (goesOn) {
      process.on('uncaughtException', ({ code, message }) => {
        console.log(code, message);
        net.connect(port, '127.0.0.1').on('error', (error) => {
          console.log(error.code);
          process.exit();
        });
      });
    }
    let port;
    const worker = cluster.fork();
    worker.on('listening', (address) => {
      ({ port } = address);
      worker.send('break it');
    });
    return;
  }
  const sockets = fs.readFileSync('/proc/self/net/unix', 'utf8').split('\n').slice(1, -1);
  const fields = sockets.map((line) => line.trim().split(/\s+/));
  // Messages in a sequence: of this process, that can only be the handoff socket.
  const inodes = new Set(fields.filter(([, , , , kind]) => Number(kind) === 5).map((field) => `socket:[${field[6]}]`));
  const isHandoff = (fd) => fs.existsSync(`/proc/self/fd/${fd}`) && inodes.has(fs.readlinkSync(`/proc/self/fd/${fd}`));
  const handoff = fs.readdirSync('/proc/self/fd').map(Number).find(isHandoff);
  net.createServer().listen(0, '127.0.0.1');
  process.once('message', () => fs.writeSync(handoff, 'nonsense'));
}

describe('the dispatcher panics', () => {
  it('the primary ends with an uncaught exception', { timeout }, async (t) => {
    const primary = start(t, [write(t, program, { root })]);
    assert.strictEqual(await primary.end(), 1, primary.output);
    assert.match(primary.stderr, /Error \[ERR_CLUSTER_RS_PANIC\]: cluster-rs has panicked: Worker 1 has broken/);
  });

  it('if the program goes on nevertheless, no client waits', { timeout }, async (t) => {
    const primary = start(t, [write(t, program, { root, goesOn: true })]);
    assert.strictEqual(await primary.end(), 0, primary.output);
    assert.match(primary.stdout, /^ERR_CLUSTER_RS_PANIC cluster-rs has panicked: .*\nECONNREFUSED\n$/);
  });
});
