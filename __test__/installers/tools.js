'use strict';

// Package managers and a bundler, fetched from the npm registry when they are needed for the first time.

const fs = require('node:fs');
const path = require('node:path');
const { run } = require('../package/commands.js');

const folder = path.join(__dirname, '..', '..', '.installers');
const modules = path.join(folder, 'node_modules');

const needed = ['npm10@npm:npm@10', 'npm12@npm:npm@12', 'pnpm@12', '@yarnpkg/cli-dist@4', 'bun@1', 'webpack@5'];

/** The paths of their programs; those that end in `.js` are run by Node. */
const tools = {
  npm10: path.join(modules, 'npm10', 'bin', 'npm-cli.js'),
  npm12: path.join(modules, 'npm12', 'bin', 'npm-cli.js'),
  pnpm: path.join(modules, '@pnpm', `exe.linux-${process.arch}`, 'pnpm'),
  yarn: path.join(modules, '@yarnpkg', 'cli-dist', 'bin', 'yarn.js'),
  bun: path.join(modules, '@oven', `bun-linux-${process.arch === 'arm64' ? 'aarch64' : 'x64'}`, 'bin', 'bun'),
  webpack: path.join(modules, 'webpack'),
};

function fetchTools() {
  if (Object.values(tools).every((file) => fs.existsSync(file))) return;
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, 'package.json'), '{ "private": true }');
  const command = ['npm', 'install', '--no-audit', '--no-fund', '--ignore-scripts', '--no-save', ...needed];
  const { status, stderr } = run(folder, command);
  if (status !== 0) throw new Error(`${command.join(' ')} failed:\n${stderr}`);
}

module.exports = { fetchTools, tools };
