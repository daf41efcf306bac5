'use strict';

// `npm version`, in a clone of its own.

const assert = require('node:assert');
const { test } = require('node:test');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { run } = require('./package/commands.js');

const root = path.join(__dirname, '..');

test('npm version writes the version and the changes everywhere, and makes a tag', { timeout: 120_000 }, (t) => {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'cluster-rs-version-'));
  t.after(() => fs.rmSync(home, { recursive: true, force: true }));
  const clone = path.join(home, 'clone');
  for (const name of ['package.json', 'package-lock.json', 'Cargo.toml', 'Cargo.lock', 'CHANGELOG.md', 'scripts']) {
    fs.cpSync(path.join(root, name), path.join(clone, name), { recursive: true });
  }
  const read = (name) => fs.readFileSync(path.join(clone, name), 'utf8');
  const inClone = (...command) => {
    const person = { GIT_AUTHOR_NAME: 'a', GIT_AUTHOR_EMAIL: 'a', GIT_COMMITTER_NAME: 'a', GIT_COMMITTER_EMAIL: 'a' };
    return run(clone, command, { ...person, HOME: home });
  };
  const git = (...args) => {
    const { status, stdout, stderr } = inClone('git', ...args);
    assert.strictEqual(status, 0, stderr);
    return stdout.trim();
  };
  git('init', '--quiet');
  fs.writeFileSync(
    path.join(clone, 'CHANGELOG.md'),
    read('CHANGELOG.md').replace('## [Unreleased]\n', '## [Unreleased]\n\n### Added\n\n- A line.\n'),
  );
  git('add', '.');
  git('commit', '--quiet', '--message', 'before');
  const lines = (name) => read(name).split('\n').length;
  const before = lines('Cargo.lock');

  const { status, stderr } = inClone('npm', 'version', '7.8.9');
  assert.strictEqual(status, 0, stderr);
  assert.strictEqual(git('status', '--porcelain'), '');
  assert.strictEqual(git('describe', '--exact-match'), 'v7.8.9');
  assert.strictEqual(JSON.parse(read('package.json')).version, '7.8.9');
  assert.strictEqual(JSON.parse(read('package-lock.json')).version, '7.8.9');
  assert.match(read('Cargo.toml'), /^\[package\]\nname = "cluster-rs"\nversion = "7\.8\.9"\n/);
  assert.match(read('Cargo.lock'), /\nname = "cluster-rs"\nversion = "7\.8\.9"\n/);
  assert.strictEqual(read('Cargo.lock').match(/"7\.8\.9"/g).length, 1);
  assert.strictEqual(lines('Cargo.lock'), before);
  assert.match(
    read('CHANGELOG.md'),
    /\n## \[Unreleased\]\n\n## \[7\.8\.9\] - \d{4}-\d\d-\d\d\n\n### Added\n\n- A line\.\n/,
  );

  const empty = inClone('npm', 'version', '7.9.0');
  assert.notStrictEqual(empty.status, 0, 'a release without a line in CHANGELOG.md');
  assert.match(empty.stderr, /CHANGELOG\.md: nothing is unreleased/);
  assert.doesNotMatch(read('Cargo.toml'), /7\.9\.0/);
});
