'use strict';

// Builds the addon for this machine where the package is installed, with Rust alone, and puts it where it is looked for
// first. For platforms without a package of their own:
//
//   node node_modules/cluster-rs/scripts/build-from-source.js

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { builtBinary, ownPlatform, usesGlibc } = require('../lib/platform.js');
const { missingTool } = require('./toolchain.js');

const root = path.join(__dirname, '..');
const binary = builtBinary(ownPlatform());

/** The path of the library, from what cargo has said of all that it has built. */
function libraryIn(messages) {
  const lines = messages.split('\n').filter((line) => line.startsWith('{'));
  const artifacts = lines.map((line) => JSON.parse(line)).filter(({ reason }) => reason === 'compiler-artifact');
  return artifacts.find(({ target }) => target.kind.includes('cdylib'))?.filenames[0];
}

/** Throws with one line that says why the binary can't be loaded. */
function tryBinary() {
  // In a process of its own, so that it is not mapped into this one.
  const { status, stderr } = spawnSync(process.execPath, ['-e', `require(${JSON.stringify(binary)})`], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`the binary that was built does not load:\n${stderr}`);
}

function build() {
  const missing = missingTool();
  if (missing !== undefined) throw new Error(missing);
  const target = path.join(root, 'native', 'target');
  const env = { ...process.env };
  // The binary is for this machine, whatever else is built here.
  delete env.CARGO_BUILD_TARGET;
  // Without this, a musl target makes no shared libraries.
  if (!usesGlibc()) env.RUSTFLAGS = `${env.RUSTFLAGS ?? ''} -C target-feature=-crt-static`;
  const options = ['--release', '--locked', '--target-dir', target, '--message-format', 'json-render-diagnostics'];
  try {
    const { status, stdout } = spawnSync('cargo', ['build', ...options], {
      cwd: root,
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
      encoding: 'utf8',
      maxBuffer: Infinity,
    });
    if (status !== 0) throw new Error('cluster-rs: cargo build failed');
    fs.mkdirSync(path.dirname(binary), { recursive: true });
    // Under another name first: processes that have the old one mapped keep it.
    fs.copyFileSync(libraryIn(stdout), `${binary}.new`);
    fs.renameSync(`${binary}.new`, binary);
    tryBinary();
  } finally {
    fs.rmSync(target, { recursive: true, force: true });
  }
}

try {
  build();
  console.log(`cluster-rs: built ${binary}`);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
