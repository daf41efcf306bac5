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

/** The path of the library, from what cargo has said of all that it has built. */
function libraryIn(messages) {
  const lines = messages.split('\n').filter((line) => line.startsWith('{'));
  const artifacts = lines.map((line) => JSON.parse(line)).filter(({ reason }) => reason === 'compiler-artifact');
  return artifacts.find(({ target }) => target.kind.includes('cdylib'))?.filenames[0];
}

/** Builds the addon and puts it where the loader looks; gives one line on what went wrong, or undefined. */
function buildFromSource() {
  const missing = missingTool();
  if (missing !== undefined) return missing;
  const target = path.join(root, 'target');
  const env = { ...process.env };
  // The binary is for this machine, whatever else is built here.
  delete env.CARGO_BUILD_TARGET;
  // Without this, a musl target makes no shared libraries.
  if (!usesGlibc) env.RUSTFLAGS = `${env.RUSTFLAGS ?? ''} -C target-feature=-crt-static`;
  const options = ['--release', '--locked', '--target-dir', target, '--message-format', 'json-render-diagnostics'];
  const { status, stdout } = spawnSync('cargo', ['build', ...options], {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
    maxBuffer: Infinity,
  });
  try {
    if (status !== 0) return 'cluster-rs: building from source failed';
    fs.copyFileSync(libraryIn(stdout), binary);
    return loads() ? undefined : 'cluster-rs: the binary that was built does not load';
  } catch (error) {
    return `cluster-rs: the binary that was built can't be put in place: ${error.message}`;
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
