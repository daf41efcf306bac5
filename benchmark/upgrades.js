'use strict';

// Upgrades under load, against reloads: how many requests fail, and what clients notice, while a service of two workers,
// whose answers take 20 ms, gets a new primary again and again. The same with other releases of Node in turn, where
// `npm run test:matrix` has fetched them.
//
//   node benchmark/upgrades.js [number of each, 50 if not said]

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const readline = require('node:readline');
const { missingTool } = require('./load.js');
const { measure } = require('./under_load.js');

const root = path.join(__dirname, '..');
const nodes = [22, 24, 26, 24].map((major) => path.join(root, '.nodes', `${major}`, 'package', 'bin', 'node'));

/** Starts the service; `lineFor(i)` is what it is told the i-th time. */
const startWith = (lineFor) => async (port) => {
  const child = spawn(process.execPath, [path.join(__dirname, 'programs', 'reloads.js')], {
    env: { ...process.env, PORT: `${port}` },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let pid;
  let done;
  readline.createInterface({ input: child.stdout }).on('line', (line) => {
    if (line.startsWith('ready')) [, pid] = line.split(' ');
    else done();
  });
  while (pid === undefined) await new Promise((resolve) => setTimeout(resolve, 10));
  return {
    replace(i) {
      child.stdin.write(`${lineFor(i)}\n`);
      return new Promise((resolve) => (done = resolve));
    },
    async end() {
      child.stdout.resume();
      process.kill(Number(pid), 'SIGTERM');
      await once(child.stdout, 'close');
    },
  };
};

async function main() {
  const times = Number(process.argv[2] ?? 50);
  const missing = missingTool();
  if (missing) throw new Error(missing);
  const row = (...cells) => console.log(`| ${cells.join(' | ')} |`);
  row(
    `${times} times`,
    'seconds each',
    'kept-alive requests',
    'failed',
    'p99 in ms',
    'new connections',
    'failed',
    'refused',
  );
  row(...Array(8).fill('---'));
  const ways = [
    ['reload', () => ''],
    ['upgrade', () => process.execPath],
  ];
  if (nodes.every((node) => fs.existsSync(node)))
    ways.push(['upgrade, Node 22, 24, 26, 24', (i) => nodes[i % nodes.length]]);
  for (const [name, lineFor] of ways) {
    const { seconds, kept, fresh, refused } = await measure(startWith(lineFor), times);
    row(
      name,
      seconds.toFixed(2),
      kept.requests,
      kept.errors,
      kept.p99.toFixed(0),
      fresh.requests,
      fresh.errors,
      refused,
    );
  }
}

main();
