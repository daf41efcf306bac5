'use strict';

// Where the sockets of applications are, by their names: in a folder that belongs to this user alone.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { Failure, NoSocket, USAGE } = require('./failure.js');

const SUFFIX = '.sock';

// What an application can be called.
const NAME = /^\w[\w.-]*$/;

// The highest number of a process (`PID_MAX_LIMIT` in Linux).
const MOST_PID = 4_194_304;

// The longest path of a Unix socket, in bytes.
const LONGEST = process.platform === 'linux' ? 107 : 103;

function isOwn(folder) {
  try {
    const found = fs.statSync(folder);
    return found.isDirectory() && found.uid === process.getuid();
  } catch {
    return false; // It is not there, or not for us.
  }
}

/**
 * The folders where sockets may be, the best first. Nobody else can make one in a folder of the user's own; in that for
 * temporary files anybody can.
 *
 * Who names a folder means that one. `XDG_RUNTIME_DIR` may also be what the system has set, which programs that are not
 * started in a session do not have; or somebody else's, as with `su`.
 */
function folders() {
  if (!process.getuid) throw new NoSocket('commands need the sockets of Unix, which Windows has not');
  const { XDG_RUNTIME_DIR: named } = process.env;
  const user = process.getuid();
  const usual = `/run/user/${user}`;
  const inside = (base) => path.join(base, 'cluster-rs');
  if (named && path.resolve(named) !== usual && isOwn(named)) return [inside(named)];
  const own = [usual, '/run'].filter(isOwn);
  return [...own.map(inside), path.join(os.tmpdir(), `cluster-rs-${user}`)];
}

/** Why a folder can't be trusted; `undefined` if it can, or is not there. */
function refusal(folder) {
  const found = fs.lstatSync(folder, { throwIfNoEntry: false });
  if (!found || (found.isDirectory() && found.uid === process.getuid() && (found.mode & 0o077) === 0)) return undefined;
  return `${folder} must be a folder of your own with mode 700: remove it, or set XDG_RUNTIME_DIR`;
}

/** Makes a folder, if it is not there yet. */
function make(folder) {
  try {
    fs.mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
}

/** Why this process can't have its socket in a folder, which is made if it is not there yet; `undefined` if it can. */
function obstacle(folder) {
  try {
    make(folder);
    const refused = refusal(folder);
    if (refused === undefined) fs.accessSync(folder, fs.constants.W_OK | fs.constants.X_OK);
    return refused;
  } catch (error) {
    return `${folder} can't be used (${error.code}): set XDG_RUNTIME_DIR to a folder of your own`;
  }
}

/** The folder for the socket of this process. */
function folderToListen() {
  const obstacles = [];
  for (const folder of folders()) {
    const found = obstacle(folder);
    if (found === undefined) return folder;
    obstacles.push(found);
  }
  throw new NoSocket(obstacles.join('; '));
}

/** The folders where others look for sockets: those that can be trusted. */
function foldersToSearch() {
  const all = folders();
  const trusted = all.filter((folder) => refusal(folder) === undefined);
  if (trusted.length === 0) throw new Failure(refusal(all[0]));
  return trusted;
}

/** Where a process listens before its socket has a name. */
const beside = (folder, pid) => path.join(folder, `.${pid}.new`);

/** The path of an application's socket in a folder. */
function socketIn(folder, name) {
  const socket = path.join(folder, name + SUFFIX);
  const longest = [socket, beside(folder, MOST_PID)].map((file) => Buffer.byteLength(file));
  if (Math.max(...longest) > LONGEST) {
    throw new Failure(`${socket} is too long for a socket: choose a shorter --name, or set XDG_RUNTIME_DIR`, USAGE);
  }
  return socket;
}

/** Where an application's socket may be. */
function socketsOf(name) {
  if (!NAME.test(name)) {
    throw new Failure(`invalid name: ${name}; names have letters, digits, dots, dashes and underscores`, USAGE);
  }
  return foldersToSearch().map((folder) => socketIn(folder, name));
}

/** The names of all applications that have a socket, whether they run or not, in their order. */
function namesWithSockets() {
  const files = foldersToSearch().flatMap((folder) => (fs.existsSync(folder) ? fs.readdirSync(folder) : []));
  const names = files.filter((file) => file.endsWith(SUFFIX)).map((file) => file.slice(0, -SUFFIX.length));
  return [...new Set(names)].sort();
}

module.exports = { NAME, beside, folderToListen, foldersToSearch, namesWithSockets, socketIn, socketsOf };
