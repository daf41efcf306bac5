'use strict';

// Measures what starting costs, against the built-in module; prints a table.
//
//   node benchmark/startup.js        medians of 21 runs of each way, taken in turns
//   node benchmark/startup.js 51     of so many

const { execFileSync } = require('node:child_process');
const os = require('node:os');
const path = require('node:path');
const { median } = require('./measure.js');

const root = path.join(__dirname, '..');
const program = path.join(__dirname, 'programs', 'startup.js');
const ways = { 'built-in': 'cluster', 'cluster-rs': root };

const rows = [
  ['neither of them: time', 'ms', ({ nothing }) => nothing.time],
  ['neither of them: CPU', 'ms', ({ nothing }) => nothing.cpu],
  ['`require()` and end: time', 'ms', ({ required }) => required.time],
  ['`require()` and end: CPU', 'ms', ({ required }) => required.cpu],
  ['`fork()` to `online`', 'ms', ({ forked }) => forked.online],
  ['of these, `fork()` itself', 'ms', ({ forked }) => forked.blocked],
  ['resident memory of a primary with one worker', 'MB', ({ forked }) => forked.primary],
  ['resident memory of an idle worker', 'MB', ({ forked }) => forked.worker],
];

/** Runs a program to its end; gives what it has printed as JSON, and its `time` in milliseconds. */
function run(...args) {
  const begin = performance.now();
  const printed = execFileSync(process.execPath, [program, ...args], { encoding: 'utf8' });
  return { ...JSON.parse(printed), time: performance.now() - begin };
}

/** One run of each kind with one of the modules. */
function sample(module) {
  return { nothing: run('nothing'), required: run('require', module), forked: run('fork', module) };
}

function main() {
  const rounds = Number(process.argv[2] ?? 21);
  const names = Object.keys(ways);
  const samples = names.map(() => []);
  for (let round = 0; round < rounds; round++) {
    // Each way is the first as often as the others.
    const order = round % 2 === 0 ? [0, 1] : [1, 0];
    for (const i of order) samples[i].push(sample(ways[names[i]]));
  }
  console.log(`Node ${process.versions.node}, ${os.cpus().length} × ${os.cpus()[0].model}, Linux ${os.release()}\n`);
  console.log(`| | ${names.join(' | ')} | difference |\n| --- | --- | --- | --- |`);
  for (const [name, unit, figure] of rows) {
    const [builtin, ours] = samples.map((list) => median(list.map(figure)));
    const sign = ours < builtin ? '−' : '+';
    const values = [builtin, ours].map((value) => `${value.toFixed(1)} ${unit}`);
    console.log(`| ${name} | ${values.join(' | ')} | ${sign}${Math.abs(ours - builtin).toFixed(1)} ${unit} |`);
  }
}

main();
