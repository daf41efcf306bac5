'use strict';

// A primary and a worker that end by themselves, in a process with another addon, whose cleanup takes longer than ours.

const assert = require('node:assert');
const { execFileSync } = require('node:child_process');
const path = require('node:path');
const { describe, it } = require('node:test');
const { scratch, startOurs, write } = require('./support.js');

const timeout = 60_000;

function buildAddon(t) {
  const addon = path.join(scratch(t), 'slow_cleanup.node');
  const source = path.join(__dirname, 'other-addon', 'slow_cleanup.c');
  execFileSync('cc', ['-shared', '-fPIC', '-o', addon, source], { stdio: 'inherit' });
  return addon;
}

/** The `first` of the two to have nothing left to do is 'primary' or 'worker'. */
function program({ addon, first }) {
  const cluster = require('cluster');
  const http = require('node:http');
  require(addon);

  if (cluster.isPrimary) {
    const worker = cluster.fork();
    worker.on('exit', (code, signal) => console.log(`worker ended: ${code} ${signal}`));
    worker.on('listening', () => {
      if (first === 'worker') return worker.send('end');
      worker.process.unref();
      worker.process.channel.unref();
    });
    process.on('exit', (code) => console.log(`primary ends: ${code}`));
    return;
  }
  const server = http.createServer().listen(0, '127.0.0.1');
  process.once('message', () => {
    server.unref();
    process.channel.unref();
  });
}

describe('beside an addon with a slow cleanup', () => {
  it('a primary ends by itself', { timeout }, async (t) => {
    const primary = startOurs(t, [write(t, program, { addon: buildAddon(t), first: 'primary' })]);
    assert.strictEqual(await primary.end(), 0, primary.output);
    assert.strictEqual(primary.stdout, 'primary ends: 0\n');
  });

  it('a worker ends by itself', { timeout }, async (t) => {
    const primary = startOurs(t, [write(t, program, { addon: buildAddon(t), first: 'worker' })]);
    assert.strictEqual(await primary.end(), 0, primary.output);
    assert.strictEqual(primary.stdout, 'worker ended: 0 null\nprimary ends: 0\n');
  });
});
