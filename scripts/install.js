'use strict';

// Runs when the package is installed. If none of the prebuilt binaries loads here, one is built from source where Rust
// is at hand. This never makes the installation fail: without a binary, cluster-rs leaves the built-in module as it is.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { binary, usesGlibc } = require('./platform.js');
const { missingTool } = require('./toolchain.js');

const root = path.join(__dirname, '..');

function loads() {
  // In a process of its own, since a binary that can't be loaded once isn't tried again in the same one.
  return spawnSync(process.execPath, ['-e', "require('./native/binding.js')"], { cwd: root }).status === 0;
}

/** Builds the addon and puts it where the loader looks; gives one line on what went wrong, or undefined. */
function buildFromSource() {
  const missing = missingTool();
  if (missing !== undefined) return missing;
  const target = path.join(root, 'target');
  const env = { ...process.env };
  // Would move the result to another folder.
  delete env.CARGO_BUILD_TARGET;
  // Without this, a musl target makes no shared libraries.
  if (!usesGlibc) env.RUSTFLAGS = `${env.RUSTFLAGS ?? ''} -C target-feature=-crt-static`;
  const { status } = spawnSync('cargo', ['build', '--release', '--locked', '--target-dir', target], {
    cwd: root,
    env,
    stdio: 'inherit',
  });
  try {
    if (status !== 0) return 'cluster-rs: building from source failed';
    fs.copyFileSync(path.join(target, 'release', 'libcluster_rs.so'), binary);
    return loads() ? undefined : 'cluster-rs: the binary that was built does not load';
  } finally {
    fs.rmSync(target, { recursive: true, force: true });
  }
}

// setup.js is not part of the package: where it is, this is a clone, which is built by `npm run build`.
const isClone = fs.existsSync(path.join(__dirname, 'setup.js'));
if (!isClone && process.platform === 'linux' && !loads()) {
  const problem = buildFromSource();
  if (problem !== undefined) console.warn(`${problem}. Until then the built-in cluster module is used.`);
}
