'use strict';

// A single executable application that loads the package by itself: its workers are the same file, and see no argument of ours.

const assert = require('node:assert');
const { execFile, execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { promisify } = require('node:util');
const { cleanEnvironment, root, scratch } = require('./support.js');

const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';
const program = `
const cluster = require('node:cluster');
if (process.env.OURS) require('node:module').createRequire(process.env.OURS)('./index.js');
const say = (text) => console.log(JSON.stringify(text));
if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('message', (argv) => say([cluster.native === true, argv]));
  worker.on('exit', (code) => say(code));
} else {
  process.send(process.argv.slice(2), () => process.disconnect());
}`;

test('a single executable application', { timeout: 120_000 }, async (t) => {
  const folder = scratch(t);
  const file = path.join(folder, 'app');
  fs.writeFileSync(path.join(folder, 'app.js'), program);
  const configuration = { main: 'app.js', output: 'app.blob', disableExperimentalSEAWarning: true };
  fs.writeFileSync(path.join(folder, 'sea.json'), JSON.stringify(configuration));
  execFileSync(process.execPath, ['--experimental-sea-config', 'sea.json'], { cwd: folder, stdio: 'pipe' });
  fs.copyFileSync(process.execPath, file);
  const postject = require.resolve('postject/dist/cli.js');
  const inject = [postject, file, 'NODE_SEA_BLOB', path.join(folder, 'app.blob'), '--sentinel-fuse', FUSE];
  execFileSync(process.execPath, inject, { stdio: 'pipe' });

  const run = async (variables) => {
    const env = { ...cleanEnvironment(), ...variables };
    const { stdout } = await promisify(execFile)(file, ['one', '--two'], { env, timeout: 30_000 });
    return stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
  };
  const [[isNative, argv], code] = await run({});
  assert.deepStrictEqual([isNative, argv.slice(-2), code], [false, ['one', '--two'], 0]);
  assert.deepStrictEqual(await run({ OURS: path.join(root, 'package.json') }), [[true, argv], 0]);
});
