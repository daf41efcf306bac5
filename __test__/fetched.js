'use strict';

// Packages that are not among the development packages, for what a newcomer would not miss: each is fetched from the
// registry once, where an environment variable asks for it.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const repository = path.resolve(__dirname, '..');
const timeout = 240_000;

/**
 * Finds packages, or fetches them where that is asked for.
 * @param {string} name of the folder for them, and in capitals that of the variable
 * @param {string[]} packages with their versions; the first one is looked for
 * @returns {string | undefined} the folder that has them
 */
function fetched(name, packages) {
  const folder = path.join(repository, 'target', name);
  const modules = path.join(folder, 'node_modules');
  const first = path.join(modules, packages[0].replace(/(?<!^)@.*/, ''));
  if (fs.existsSync(first)) return modules;
  if (process.env[name.toUpperCase()] !== '1') return undefined;
  fs.mkdirSync(folder, { recursive: true });
  const options = ['--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--prefix', folder];
  spawnSync('npm', ['install', ...options, ...packages], { cwd: folder, timeout });
  return fs.existsSync(first) ? modules : undefined;
}

module.exports = { fetched };
