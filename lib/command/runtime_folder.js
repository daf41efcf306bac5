'use strict';

// Where the sockets of applications are, by their names: a folder that belongs to this user alone.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { Failure, USAGE } = require('./failure.js');

const SUFFIX = '.sock';

// What an application can be called.
const NAME = /^\w[\w.-]*$/;

// The highest number of a process (`PID_MAX_LIMIT` in Linux).
const MOST_PID = 4_194_304;

// The longest path of a Unix socket, in bytes.
const LONGEST = 107;

/** The folder, made if it is not there yet. */
function runtimeFolder() {
  const { XDG_RUNTIME_DIR: base } = process.env;
  const user = process.getuid();
  // It is set, and gone, where somebody else's environment is used, as with su.
  const isThere = Boolean(base) && fs.existsSync(base);
  const folder = isThere ? path.join(base, 'cluster-rs') : path.join(os.tmpdir(), `cluster-rs-${user}`);
  try {
    fs.mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if (error.code !== 'EEXIST') throw new Failure(`${folder} can't be made: ${error.message}`);
  }
  const found = fs.lstatSync(folder);
  if (!found.isDirectory() || found.uid !== user || (found.mode & 0o077) !== 0) {
    throw new Failure(`${folder} must be a folder of your own with mode 700: remove it, or set XDG_RUNTIME_DIR`);
  }
  return folder;
}

/** Where a process listens before its socket has a name. */
const beside = (folder, pid) => path.join(folder, `.${pid}.new`);

/** The path of an application's socket. */
function socketOf(name) {
  if (!NAME.test(name))
    throw new Failure(`invalid name: ${name}; names have letters, digits, dots, dashes and underscores`, USAGE);
  const folder = runtimeFolder();
  const socket = path.join(folder, name + SUFFIX);
  const longest = [socket, beside(folder, MOST_PID)].map((file) => Buffer.byteLength(file));
  if (Math.max(...longest) > LONGEST) {
    throw new Failure(`${socket} is too long for a socket: choose a shorter --name, or set XDG_RUNTIME_DIR`, USAGE);
  }
  return socket;
}

/** The names of all applications that have a socket, whether they run or not. */
function namesWithSockets() {
  const files = fs.readdirSync(runtimeFolder());
  return files.filter((file) => file.endsWith(SUFFIX)).map((file) => file.slice(0, -SUFFIX.length));
}

module.exports = { NAME, beside, namesWithSockets, socketOf };
