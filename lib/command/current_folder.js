'use strict';

// The current folder by the name that the user has for it. Where that leads through a symbolic link, as to the release
// of a deployment, it is another folder when the link has been set anew.

const fs = require('node:fs');
const path = require('node:path');
const { Failure, USAGE } = require('./failure.js');

function* wayTo(program) {
  for (let name = program; name !== path.dirname(name); name = path.dirname(name)) yield name;
}

function isCurrent(folder) {
  const { dev, ino } = fs.statSync('.');
  try {
    const found = fs.statSync(folder);
    return found.dev === dev && found.ino === ino;
  } catch {
    return false; // What a shell of another user has left may be out of reach.
  }
}

function withoutLinks() {
  try {
    return process.cwd();
  } catch {
    throw new Failure('missing folder: the current one has been removed', USAGE);
  }
}

/**
 * @param {string} program as the user has named it; one that is inside the current folder tells that folder's name, too
 * @returns {string} an absolute path: what the shell calls it, or else the way to the program, or else without links
 * @throws {Failure} if it has been removed
 */
function currentFolder(program) {
  const named = [process.env.PWD ?? '', ...(path.isAbsolute(program) ? wayTo(path.normalize(program)) : [])];
  return named.find((folder) => path.isAbsolute(folder) && isCurrent(folder)) ?? withoutLinks();
}

module.exports = { currentFolder };
