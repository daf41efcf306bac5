'use strict';

// The file with settings: that which is named, or else one of the usual names in the folder, or the package's own.

const fs = require('node:fs');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const { Failure, USAGE } = require('./failure.js');
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
  return fs.existsSync(file) ? readJson(file) : {};
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
    throw new Failure(`there is no program ${name} in ${process.cwd()}`, USAGE);
  }
}

/** What an application is called that has no name: after its package, or its file. */
function usualName(program) {
  const name = packageIn(path.dirname(program)).name ?? packageIn('.').name ?? path.parse(program).name;
  return name.replace(/^@/, '').replace(/[^\w.-]/g, '-');
}

/**
 * All that is said about the program to run; the command line counts more than a file.
 * @returns {Promise<object>} settings, with `program`, its path, and `args`
 */
async function configure(options, positionals, rest) {
  const settings = { ...(await readConfiguration(options.config)), ...fromOptions(options) };
  const [app = settings.app, unexpected] = positionals;
  if (app === undefined) throw new Failure('which program is to be run?', USAGE);
  if (unexpected !== undefined) {
    throw new Failure(`there is ${unexpected} after ${app}: its own arguments follow --`, USAGE);
  }
  const program = findProgram(app);
  const args = rest.length > 0 ? rest : (settings.args ?? []);
  return { ...settings, program, args, name: settings.name ?? usualName(program) };
}

module.exports = { configure };
