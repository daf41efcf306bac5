'use strict';

// A Redis server to compare with.

const { spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { cpuOf, freePort } = require('./program.js');

/** Whether there is one. */
const isThere = spawnSync('redis-server', ['--version'], { stdio: 'ignore' }).status === 0;

/**
 * Calls `use` with a server that keeps nothing on the disk, and ends it.
 * @param {(server: { port: number, cpu: () => number, resident: () => number }) => Promise<any>} use `cpu` is in
 *   microseconds, `resident` in bytes
 */
async function withRedis(use) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cluster-rs-redis-'));
  const port = await freePort();
  const args = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--dir', folder];
  const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  try {
    await new Promise((resolve, reject) => {
      child.stdout.on('data', (text) => /ready to accept/i.test(text) && resolve());
      child.once('exit', () => reject(new Error('redis-server has ended')));
    });
    const resident = () => {
      const [, pages] = fs.readFileSync(`/proc/${child.pid}/statm`, 'latin1').split(' ');
      return Number(pages) * 4096;
    };
    return await use({ port, cpu: () => cpuOf(child.pid), resident });
  } finally {
    child.kill('SIGKILL');
    await ended;
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

module.exports = { isThere, withRedis };
