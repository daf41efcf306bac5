'use strict';

// Where the sockets of applications are, by their names: a folder that belongs to this user alone.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { Failure } = require('./failure.js');

const SUFFIX = '.sock';

/** The folder, made if it is not there yet. */
function runtimeFolder() {
  const { XDG_RUNTIME_DIR: base } = process.env;
  const user = process.getuid();
  const folder = base ? path.join(base, 'cluster-rs') : path.join(os.tmpdir(), `cluster-rs-${user}`);
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

/** The path of an application's socket. */
const socketOf = (name) => path.join(runtimeFolder(), name + SUFFIX);

/** The names of all applications that have a socket, whether they run or not. */
function namesWithSockets() {
  const files = fs.readdirSync(runtimeFolder());
  return files.filter((file) => file.endsWith(SUFFIX)).map((file) => file.slice(0, -SUFFIX.length));
}

module.exports = { namesWithSockets, socketOf };
