'use strict';

// Running commands as somebody who has just installed the package would.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

/** The file that a command name stands for in this process's PATH. */
function findCommand(name) {
  const folders = process.env.PATH.split(path.delimiter);
  const found = folders.map((folder) => path.join(folder, name)).find((file) => fs.existsSync(file));
  if (found === undefined) throw new Error(`${name} is not in PATH`);
  return fs.realpathSync(found);
}

/** Makes a folder that serves as a PATH with Node and npm in it, and without Rust. */
function makePathWithoutRust(folder) {
  fs.mkdirSync(folder);
  fs.symlinkSync(process.execPath, path.join(folder, 'node'));
  for (const name of ['npm', 'sh']) fs.symlinkSync(findCommand(name), path.join(folder, name));
  return folder;
}

/**
 * Runs a command to its end.
 *
 * @param {string} cwd the folder to run it in
 * @param {string[]} command the program and its arguments
 * @param {object} [env] what is different in its environment; PATH decides on the program as well
 * @returns {{ status: number, stdout: string, stderr: string }}
 */
function run(cwd, [program, ...args], env = {}) {
  // npm hands its own settings down in the environment; a new user's npm has none of them.
  const inherited = Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_OPTIONS$)/i.test(name));
  const result = spawnSync(program, args, {
    cwd,
    env: { ...Object.fromEntries(inherited), ...env },
    encoding: 'utf8',
    timeout: 900_000,
  });
  if (result.error !== undefined) throw result.error;
  return result;
}

module.exports = { makePathWithoutRust, run };
