'use strict';

// Runs in `npm version`, which has written the new version to package.json and its lock file: writes it to Cargo's as
// well, and makes what is unreleased in CHANGELOG.md a release of today. npm then makes a commit of it, and a tag.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '..');
const { name, version } = require('../package.json');

/** Replaces a place in a file; throws with this message where there is none. */
function replace(file, pattern, text, message = `nothing matches ${pattern}`) {
  const before = fs.readFileSync(path.join(root, file), 'utf8');
  if (!pattern.test(before)) throw new Error(`${file}: ${message}`);
  fs.writeFileSync(path.join(root, file), before.replace(pattern, text));
}

try {
  const today = new Date().toISOString().slice(0, 10);
  // A release without a line about it is refused; `git checkout .` takes back what npm has written.
  const heading = /^## \[Unreleased\]\n(?=\s*(?!## )\S)/m;
  replace('CHANGELOG.md', heading, `## [Unreleased]\n\n## [${version}] - ${today}\n`, 'nothing is unreleased');
  replace('Cargo.toml', /^version = ".*"$/m, `version = "${version}"`);
  replace('Cargo.lock', new RegExp(`(?<=^name = "${name}"\n)version = ".*"$`, 'm'), `version = "${version}"`);
  const { status } = spawnSync('git', ['add', 'CHANGELOG.md', 'Cargo.toml', 'Cargo.lock'], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error('git add failed');
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
