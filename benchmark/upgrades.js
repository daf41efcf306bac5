'use strict';

// Upgrades under load, against reloads: how many requests fail, and what clients notice, while a service of two workers,
// whose answers take 20 ms, gets a new primary again and again. The same with other releases of Node in turn, where
// `npm run test:matrix` has fetched them, and with another version of this package, where PREVIOUS is the folder of one.
//
//   node benchmark/upgrades.js [number of each, 50 if not said]

const fs = require('node:fs');
const path = require('node:path');
const { missingTool } = require('./load.js');
const { startWith } = require('./replaced_service.js');
const { measure } = require('./under_load.js');

const root = path.join(__dirname, '..');
const nodes = [22, 24, 26, 24].map((major) => path.join(root, '.nodes', `${major}`, 'package', 'bin', 'node'));

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
    ['reload', () => undefined],
    ['upgrade', () => ({})],
  ];
  if (nodes.every((node) => fs.existsSync(node)))
    ways.push(['upgrade, Node 22, 24, 26, 24', (i) => ({ execPath: nodes[i % nodes.length] })]);
  if (process.env.PREVIOUS) {
    const versions = [path.resolve(process.env.PREVIOUS), root];
    ways.push(['upgrade, two versions in turn', (i) => ({ env: { PACKAGE: versions[i % versions.length] } })]);
  }
  for (const [name, commandFor] of ways) {
    const { seconds, kept, fresh, refused } = await measure(startWith(commandFor), times);
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
