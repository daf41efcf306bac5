'use strict';

const fs = require('node:fs');
const errors = require('../errors.js');

/** Whether there is no such folder, as far as this process may know. */
function isMissing(folder) {
  try {
    return !fs.existsSync(folder);
  } catch {
    return false; // The permission model denies looking.
  }
}

/**
 * Adds to the error of a worker that could not be started that its folder is missing: Node's names the program, whatever
 * was missing.
 * @param {Error} error
 * @param {string} [folder] where it was to run, if that has been said
 */
function explain(error, folder) {
  if (folder && isMissing(folder)) error.cause = errors.noFolder(folder);
}

module.exports = { explain };
