'use strict';

const assert = require('node:assert');
const { test } = require('node:test');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { makePathWithoutRust, run } = require('./package/commands.js');

const root = path.join(__dirname, '..');

test('in a clone without Rust, one line says what to install', { timeout: 60_000 }, (t) => {
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'cluster-rs-setup-'));
  t.after(() => fs.rmSync(scratch, { recursive: true, force: true }));
  const PATH = makePathWithoutRust(path.join(scratch, 'bin'));
  const clone = path.join(scratch, 'clone');
  for (const name of ['package.json', 'package-lock.json', 'Cargo.toml', 'src', 'lib', 'scripts']) {
    fs.cpSync(path.join(root, name), path.join(clone, name), { recursive: true });
  }

  for (const command of ['start', 'test']) {
    const { status, stderr } = run(clone, ['npm', '--silent', command], { PATH });
    assert.strictEqual(status, 1);
    const lines = stderr.split('\n').filter((line) => line !== '' && !line.startsWith('npm warn'));
    assert.deepStrictEqual(lines.length, 1, stderr);
    assert.match(lines[0], /install Rust/);
  }
  assert.ok(!fs.existsSync(path.join(clone, 'node_modules')), 'nothing was downloaded in vain');
});
