'use strict';

// Measures this package against the built-in module, and says how they compare.
//
//   node benchmark/run.js                   everything; writes docs/benchmarks.md and its charts
//   node benchmark/run.js --only name       only that experiment, on the terminal; may be given several times
//   node benchmark/run.js --pairs 9         so many samples of each way, instead of 5
//   node benchmark/run.js --page name       writes docs/name.md instead, without charts, also with --only

const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { writeCharts } = require('./charts.js');
const { experiments } = require('./experiments/index.js');
const { missingTool } = require('./load.js');
const { evaluate, takeSamples } = require('./measure.js');
const { root } = require('./program.js');
const { describeMachine, toText, writeMarkdown } = require('./report.js');

const docs = path.join(root, 'docs');

/** Larger than any addon that was built for use; smaller than any with debug information, in bytes. */
const LARGEST_RELEASE = 5_000_000;

/** Why the addon can't be measured; `undefined` if it can. */
function unfitAddon() {
  const { builtBinary, ownPlatform } = require('../lib/platform.js');
  const stat = fs.statSync(builtBinary(ownPlatform()), { throwIfNoEntry: false });
  if (stat === undefined) return 'there is no addon in native/: npm run build';
  if (stat.size > LARGEST_RELEASE) return 'the addon in native/ is a debug build: npm run build';
  return undefined;
}

function readArguments() {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', multiple: true },
      page: { type: 'string' },
      pairs: { type: 'string', default: '5' },
    },
  });
  const pairs = Number(values.pairs);
  if (!Number.isInteger(pairs) || pairs < 1) throw new Error('--pairs takes a whole number from 1');
  const names = experiments.map(({ name }) => name);
  const unknown = values.only?.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Error(`there is no experiment ${unknown}, but ${names.join(', ')}`);
  return { only: values.only, page: values.page, pairs };
}

/** Says on the terminal what is going on, in one line that changes. */
function progress(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

async function main() {
  const { only, page, pairs } = readArguments();
  const obstacle = missingTool() ?? unfitAddon();
  if (obstacle !== undefined) throw new Error(obstacle);

  const machine = describeMachine();
  console.log(
    Object.entries(machine)
      .map(([name, value]) => `${name}: ${value}`)
      .join('\n'),
  );
  const results = [];
  for (const experiment of experiments) {
    if (only !== undefined && !only.includes(experiment.name)) continue;
    const samples = await takeSamples(experiment, pairs, progress);
    for (const row of experiment.rows) results.push({ experiment, row, ...evaluate(row, samples) });
  }
  progress('');
  console.log(`\n${toText(results)}`);

  const absent = new Set(
    results.filter(({ values }) => values.ours === undefined).map((result) => result.experiment.absent),
  );
  for (const reason of absent) console.log(`\nNot measured: ${reason}`);
  if (only !== undefined && page === undefined) return;
  fs.mkdirSync(docs, { recursive: true });
  const charts = page === undefined ? await writeCharts(docs, results) : [];
  const file = `${page ?? 'benchmarks'}.md`;
  writeMarkdown(path.join(docs, file), results, { machine, rounds: pairs, charts });
  console.log(`\nWritten: ${[file, ...charts.map((chart) => chart.file)].map((name) => `docs/${name}`).join(', ')}`);
}

main().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
