'use strict';

// The file with settings: that which is named, or else one of the usual names in the folder, or the package's own.

const fs = require('node:fs');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const { Failure, USAGE } = require('./failure.js');
const { COMMANDS } = require('./arguments.js');
const { currentFolder } = require('./current_folder.js');
const { NAME } = require('./runtime_folder.js');
const { isPm2File, readApplications } = require('./pm2/file.js');
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

/** Whether an argument is a file with settings, as process managers have them, and no program. */
const isConfigurationFile = (name) => /\.config\.[cm]?js$|\.json$/.test(name ?? '');

/**
 * What a file says, if there is one.
 * @returns {Promise<{ settings: object, applications?: object[], file?: string }>} `applications`, if it is PM2's
 */
async function readConfiguration({ config, env, only }) {
  const file = config ?? USUAL.find((name) => fs.existsSync(name));
  const content = file !== undefined ? await readFile(file) : packageIn('.')[KEY];
  if (file !== undefined && !USUAL.includes(path.basename(file)) && isPm2File(content)) {
    return { file, applications: readApplications(content, { where: file, environment: env, only }) };
  }
  if (env !== undefined || only !== undefined) {
    const option = env === undefined ? '--only' : '--env';
    throw new Failure(`${option} is for a file of PM2's: cluster-rs --config ecosystem.config.js`, USAGE);
  }
  if (content === undefined) return { settings: {} };
  return { settings: fromFile(content, file ?? `"${KEY}" in package.json`) };
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

/** What only PM2's file can say, and where this command was started if the program runs elsewhere. */
function enter(application) {
  const { folder } = application;
  if (folder === undefined) return { pm2: application };
  const startFolder = currentFolder('');
  const named = path.resolve(startFolder, folder);
  try {
    process.chdir(named);
  } catch (error) {
    throw new Failure(`missing folder: cwd of ${application.settings.name} is ${named}: ${error.message}`, USAGE);
  }
  process.env.PWD = named;
  return { pm2: application, startFolder };
}

/** The settings of the only application of PM2's file. */
function settingsOf(application, file) {
  const { settings } = application;
  return { ...fromFile(settings, `${settings.name} in ${file}`), ...enter(application) };
}

/**
 * All that is said about the program to run; the command line counts more than a file.
 * @returns {Promise<object>} settings, with `program` and `primary`, absolute paths, `args`, and `folder`, where the program
 *   is to run; or `applications`, where PM2's file has several, and that `file`
 */
async function configure(options, positionals, rest) {
  const [first, ...others] = positionals;
  if (options.config === undefined && isConfigurationFile(first)) {
    return configure({ ...options, config: first }, others, rest);
  }
  const { applications, file: source, settings: found } = await readConfiguration(options);
  if (applications?.length > 1) return { applications, file: source };
  const ofFile = applications ? settingsOf(applications[0], source) : found;
  const settings = { ...ofFile, ...fromOptions(options) };
  const [app = settings.app, unexpected] = positionals;
  if (app === undefined) throw new Failure('missing program: cluster-rs app.js', USAGE);
  if (settings.pm2 && settings.spares > 0) {
    throw new Failure(
      'spares have no number for NODE_APP_INSTANCE: use cluster.config.js, and cluster.worker.place',
      USAGE,
    );
  }
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
