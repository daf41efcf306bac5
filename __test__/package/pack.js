'use strict';

// Packing what is published, as far as it has been built here.

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { run } = require('./commands.js');

const root = path.join(__dirname, '..', '..');

/**
 * Packs the package, and those of the platforms that have been built here.
 *
 * @param {string} scratch the folder to work in
 * @returns {string[]} the paths of the tarballs
 */
function pack(scratch) {
  const folder = path.join(scratch, 'npm');
  const made = run(root, ['node', 'scripts/packages.js', '--incomplete', '--folder', folder]);
  assert.strictEqual(made.status, 0, made.stderr);
  const packages = fs.readdirSync(folder).map((name) => path.join(folder, name));
  const packed = run(root, ['npm', 'pack', '--pack-destination', scratch, ...packages]);
  assert.strictEqual(packed.status, 0, packed.stderr);
  const names = fs.readdirSync(scratch).filter((name) => name.endsWith('.tgz'));
  assert.strictEqual(names.length, packages.length);
  return names.map((name) => path.join(scratch, name));
}

module.exports = { pack };
