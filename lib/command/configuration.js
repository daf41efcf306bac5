'use strict';

// The file with settings: that which is named, or else one of the usual names in the folder, or the package's own.

const fs = require('node:fs');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const { Failure, USAGE } = require('./failure.js');
const { COMMANDS } = require('./arguments.js');
const { currentFolder } = require('./current_folder.js');
const { NAME } = require('./runtime_folder.js');
const { fromFile, fromOptions } = require('./settings.js');

const USUAL = ['cluster.config.js', 'cluster.config.json'];
const KEY = 'cluster-rs'; // in package.json

function readJson(file) {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Failure(`${file} can't be read: ${error.message}`, USAGE);
  }
}

async function readFile(file) {
  if (file.endsWith('.json')) return readJson(file);
  try {
    const { default: content } = await import(pathToFileURL(path.resolve(file)));
    return content;
  } catch (error) {
    throw new Failure(`${file} can't be loaded: ${error.message}`, USAGE);
  }
}

function packageIn(folder) {
  const file = path.join(folder, 'package.json');
  const content = fs.existsSync(file) ? readJson(file) : {};
  return content?.constructor === Object ? content : {};
}

async function readConfiguration(named) {
  const found = named ?? USUAL.find((name) => fs.existsSync(name));
  if (found !== undefined) return fromFile(await readFile(found), found);
  const { [KEY]: content } = packageIn('.');
  return content === undefined ? {} : fromFile(content, `"${KEY}" in package.json`);
}

const resolved = (file) => {
  try {
    return require.resolve(file);
  } catch {
    return undefined;
  }
};

/**
 * Finds a program as Node would.
 * @param {string} name as it was given
 * @param {string} folder the current one
 * @returns {{ file: string, program: string }} what it is now, and the absolute path that Node is to follow in each
 *   start: with links in it, it may lead elsewhere by then
 */
function findProgram(name, folder) {
  const file = resolved(path.resolve(name));
  if (file === undefined) {
    const isWord = /^\w+$/.test(name);
    const hint = isWord ? `; commands are ${COMMANDS.join(', ')}` : '';
    throw new Failure(`program not found: ${name} in ${process.cwd()}${hint}`, USAGE);
  }
  // A name that begins with .. leads out of a folder, and not out of a link to it.
  const program = [path.resolve(folder, name), path.resolve(name)].find((named) => resolved(named) === file);
  return { file, program };
}

/** What an application is called that has no name: after its package, or its file. */
function usualName(program) {
  const names = [packageIn(path.dirname(program)).name, packageIn('.').name, path.parse(program).name];
  const usable = names.map((name) =>
    String(name ?? '')
      .replace(/^\W+/, '')
      .replace(/[^\w.-]/g, '-'),
  );
  return usable.find((name) => NAME.test(name)) ?? 'app';
}

/**
 * All that is said about the program to run; the command line counts more than a file.
 * @returns {Promise<object>} settings, with `program` and `primary`, absolute paths, `args`, and `folder`, where the program
 *   is to run
 */
async function configure(options, positionals, rest) {
  const settings = { ...(await readConfiguration(options.config)), ...fromOptions(options) };
  const [app = settings.app, unexpected] = positionals;
  if (app === undefined) throw new Failure('missing program: cluster-rs app.js', USAGE);
  const folder = currentFolder(app);
  const { file, program } = findProgram(app, folder);
  if (unexpected !== undefined) {
    throw new Failure(`unexpected argument after ${app}: ${unexpected}; arguments of the program follow --`, USAGE);
  }
  const primary = settings.primary && findProgram(settings.primary, folder).file;
  const args = rest.length > 0 ? rest : (settings.args ?? []);
  return { ...settings, primary, program, folder, args, name: settings.name ?? usualName(file) };
}

module.exports = { configure };
