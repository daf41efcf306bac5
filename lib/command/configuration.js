'use strict';

// The file with settings: that which is named, or else one of the usual names in the folder, or the package's own.

const fs = require('node:fs');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const { Failure, USAGE } = require('./failure.js');
const { COMMANDS } = require('./arguments.js');
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

/** The path of a program as Node would find it from here. */
function findProgram(name) {
  const file = path.resolve(name);
  try {
    return require.resolve(file);
  } catch {
    const isWord = /^\w+$/.test(name);
    const hint = isWord ? `; commands are ${COMMANDS.join(', ')}` : '';
    throw new Failure(`program not found: ${name} in ${process.cwd()}${hint}`, USAGE);
  }
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
 * @returns {Promise<object>} settings, with `program`, its path, and `args`
 */
async function configure(options, positionals, rest) {
  const settings = { ...(await readConfiguration(options.config)), ...fromOptions(options) };
  const [app = settings.app, unexpected] = positionals;
  if (app === undefined) throw new Failure('missing program: cluster-rs app.js', USAGE);
  const program = findProgram(app);
  if (unexpected !== undefined) {
    throw new Failure(`unexpected argument after ${app}: ${unexpected}; arguments of the program follow --`, USAGE);
  }
  const args = rest.length > 0 ? rest : (settings.args ?? []);
  return { ...settings, program, args, name: settings.name ?? usualName(program) };
}

module.exports = { configure };
