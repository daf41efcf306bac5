'use strict';

// Makes a clone ready to run: installs the development dependencies and builds the addon, each only if it is
// missing or older than what it is made from. Runs before `npm start`, `npm test` and `npm pack`.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { builtBinary, ownPlatform } = require('../lib/platform.js');
const { missingTool } = require('./toolchain.js');

const root = path.join(__dirname, '..');
const binary = builtBinary(ownPlatform());
const sources = ['src', 'build.rs', 'Cargo.toml', 'Cargo.lock'];

/** When a file was last written, or the newest file of a folder, in milliseconds; 0 if there is none. */
function lastWritten(file) {
  const stat = fs.statSync(file, { throwIfNoEntry: false });
  if (stat === undefined) return 0;
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(0, ...fs.readdirSync(file).map((name) => lastWritten(path.join(file, name))));
}

/** Whether `made` is missing, or older than one of the files it is made from. */
function isOutdated(made, from) {
  return lastWritten(path.resolve(root, made)) < Math.max(...from.map((file) => lastWritten(path.join(root, file))));
}

/** Runs a command to its end; leaves the process with the command's own status if it fails. */
function run(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (error !== undefined) console.error(`cluster-rs: ${command} could not be started: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}

const mustBuild = isOutdated(binary, sources);

// Said before anything is downloaded, so that it stands alone.
const missing = mustBuild ? missingTool() : undefined;
if (missing !== undefined) {
  console.error(missing);
  process.exit(1);
}
if (isOutdated('node_modules/.package-lock.json', ['package-lock.json'])) run('npm', ['ci', '--include=dev']);
if (mustBuild) run('npm', ['run', 'build']);
