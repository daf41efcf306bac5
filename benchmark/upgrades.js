'use strict';

// Upgrades under load, against reloads: how many requests fail, and what clients notice, while a service of two workers,
// whose answers take 20 ms, gets a new primary again and again. The same with other releases of Node in turn, where
// `npm run test:matrix` has fetched them, and with another version of this package, where PREVIOUS is the folder of one.
// They take turns, in five rounds, of which it shows medians and sums.
//
//   node benchmark/upgrades.js [number of each, 50 if not said]

const fs = require('node:fs');
const path = require('node:path');
const { missingTool } = require('./load.js');
const { median } = require('./measure.js');
const { startWith } = require('./replaced_service.js');
const { measure } = require('./under_load.js');

const ROUNDS = 5;

const root = path.join(__dirname, '..');
const nodes = [22, 24, 26, 24].map((major) => path.join(root, '.nodes', `${major}`, 'package', 'bin', 'node'));

async function main() {
  const times = Number(process.argv[2] ?? 50);
  const missing = missingTool();
  if (missing) throw new Error(missing);
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
  const samples = ways.map(() => []);
  const each = Math.ceil(times / ROUNDS);
  for (let done = 0; done < each * ROUNDS; done += each) {
    for (const [i, [, commandFor]] of ways.entries()) {
      const start = startWith((time) => commandFor(done + time));
      samples[i].push(await measure(start, each));
    }
  }
  const row = (...cells) => console.log(`| ${cells.join(' | ')} |`);
  row(
    `${times} times`,
    'seconds each',
    'kept-alive requests',
    'failed',
    'p99 in ms',
    'of that of reloads',
    'new connections',
    'failed',
    'refused',
  );
  row(...Array(9).fill('---'));
  for (const [i, [name]] of ways.entries()) {
    const [own, reloads] = [samples[i], samples[0]];
    const sum = (read) => own.reduce((total, sample) => total + read(sample), 0);
    row(
      name,
      median(own.map(({ seconds }) => seconds)).toFixed(2),
      sum(({ kept }) => kept.requests),
      sum(({ kept }) => kept.errors),
      median(own.map(({ kept }) => kept.p99)).toFixed(0),
      median(own.map(({ kept }, round) => kept.p99 / reloads[round].kept.p99)).toFixed(2),
      sum(({ fresh }) => fresh.requests),
      sum(({ fresh }) => fresh.errors),
      sum(({ refused }) => refused),
    );
  }
}

main();
