'use strict';

// How many descriptors one core hands over from a thread to another process, without HTTP and without JavaScript.

const { execFile } = require('node:child_process');
const path = require('node:path');
const { promisify } = require('node:util');
const { root } = require('../program.js');

const run = promisify(execFile);
const COUNT = 200_000;
const SOURCE = path.join(root, 'benchmark/programs/handoffs.c');
const TEST = 'ipc::ticket::tests::handoffs_per_second';

/** Builds the tests in release mode; gives the command that runs the measurement. */
async function buildOurs() {
  const { stdout } = await run('cargo', ['test', '--release', '--locked', '--no-run', '--message-format=json'], {
    cwd: root,
    maxBuffer: 64 * 1024 * 1024,
  });
  const built = stdout.split('\n').filter((line) => line.includes('"executable":"'));
  const { executable } = built.map((line) => JSON.parse(line)).find(({ profile }) => profile.test);
  return [executable, '--ignored', '--exact', TEST, '--nocapture'];
}

async function buildFloor() {
  const program = path.join(root, 'target', 'handoffs');
  await run('cc', ['-O2', '-o', program, SOURCE]);
  return [program, `${COUNT}`];
}

let commands; // built once

async function sample({ build }) {
  commands ??= { ours: await buildOurs(), floor: await buildFloor() };
  const { stdout } = await run('taskset', ['-c', '0', ...commands[build]]);
  const [, perSecond] = /handoffs per second: (\d+)/.exec(stdout);
  return { perSecond: Number(perSecond) };
}

module.exports = {
  name: 'handoffs',
  ways: {
    ours: { name: 'cluster-rs', build: 'ours' },
    floor: { name: 'the same system calls in C', build: 'floor' },
  },
  sample,
  rows: [
    {
      name: 'handoffs on one core, without HTTP',
      unit: '/s',
      what: 'Descriptors that a thread sends to another process, which closes them, both on one core; compared with a program in C that makes the same system calls and no others.',
      value: (sample) => sample.perSecond,
      against: 'floor',
      basis: 'C',
    },
  ],
};
