'use strict';

// Says what is missing for compiling the Rust part. As a program: prints that, and exits with 1 if anything is.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

/** The lowest version of Rust that the crate says it needs, as numbers: major and minor. */
function requiredRust() {
  const manifest = fs.readFileSync(path.join(__dirname, '..', 'Cargo.toml'), 'utf8');
  return /^rust-version = "(\d+)\.(\d+)/m.exec(manifest).slice(1).map(Number);
}

/** One line that tells what to install, or undefined if everything is there. */
function missingTool() {
  const [major, minor] = requiredRust();
  const install = `install Rust ${major}.${minor} or newer, for instance from https://rustup.rs`;
  const cargo = spawnSync('cargo', ['--version'], { encoding: 'utf8' });
  const found = /(\d+)\.(\d+)/.exec(cargo.stdout ?? '');
  if (found === null) return `cluster-rs: cargo was not found; ${install}`;
  const [foundMajor, foundMinor] = found.slice(1).map(Number);
  if (foundMajor < major || (foundMajor === major && foundMinor < minor)) {
    return `cluster-rs: Rust ${found[0]} is too old; ${install}`;
  }
  if (spawnSync('cc', ['--version']).error !== undefined) {
    return 'cluster-rs: Rust needs a C linker and cc was not found; install gcc or clang';
  }
  return undefined;
}

if (require.main === module) {
  const missing = missingTool();
  if (missing !== undefined) {
    console.error(missing);
    process.exitCode = 1;
  }
}

module.exports = { missingTool };
