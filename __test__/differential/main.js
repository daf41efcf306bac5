#!/usr/bin/env node
'use strict';

// Compares programs by hand: node __test__/differential/main.js [--node=PATH] [--itself] [--times=N] [--show] [name …]

const { spawnSync } = require('node:child_process');
const { parseArgs } = require('node:util');
const { compare } = require('./compare');
const { listPrograms } = require('./program');

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    node: { type: 'string', default: process.execPath },
    itself: { type: 'boolean', default: false },
    show: { type: 'boolean', default: false },
    times: { type: 'string', default: '1' },
    jobs: { type: 'string', default: '4' },
  },
});

async function main() {
  const release = parseInt(spawnSync(values.node, ['-p', 'process.versions.node']).stdout, 10);
  const queue = listPrograms(positionals)
    .filter((program) => release >= program.oldest && !(values.itself && program.ours))
    .flatMap((program) => Array(Number(values.times)).fill(program));
  const count = { passed: 0, failed: 0 };
  async function worker() {
    for (let program; (program = queue.shift()) !== undefined;) {
      const { same, text } = await compare(program, values);
      count[same ? 'passed' : 'failed']++;
      if (!same || values.show) console.log(`${same ? 'same' : 'DIFFERENT'}: ${program.name}\n${text}\n`);
    }
  }
  await Promise.all(Array.from({ length: Number(values.jobs) }, worker));
  console.log(`${count.passed} passed, ${count.failed} failed`);
  process.exitCode = count.failed === 0 ? 0 : 1;
}

main();
