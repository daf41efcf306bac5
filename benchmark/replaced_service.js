'use strict';

// A service of two workers that is replaced when it is told to: its workers, or its primary, too.

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const readline = require('node:readline');

const program = path.join(__dirname, 'programs', 'reloads.js');

/**
 * What starts the service on a port.
 * @param {(i: number) => object | undefined} commandFor what starts the new primary, the i-th time that it is replaced; nothing where
 *   only its workers are to be
 */
const startWith = (commandFor) => async (port) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cluster-rs-'));
  const order = path.join(folder, 'order');
  const child = spawn(process.execPath, [program], {
    env: { ...process.env, ORDER: order, PORT: `${port}` },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let pid;
  let done;
  const ready = new Promise((resolve) => (done = resolve));
  readline.createInterface({ input: child.stdout }).on('line', (line) => {
    if (line.startsWith('ready')) pid = Number(line.split(' ')[1]);
    if (line === 'done' || line === `ready ${child.pid}`) done();
  });
  await ready;
  return {
    replace(i) {
      fs.writeFileSync(order, JSON.stringify(commandFor(i) ?? null));
      process.kill(pid, 'SIGUSR2');
      return new Promise((resolve) => (done = resolve));
    },
    async end() {
      process.kill(pid, 'SIGTERM');
      await once(child.stdout, 'close');
      fs.rmSync(folder, { recursive: true });
    },
  };
};

module.exports = { startWith };
