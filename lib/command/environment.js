'use strict';

// The variables of workers: those that the command was started with. What files have put into `process.env` since then
// (`node --env-file`, dotenv in the primary or in the configuration) is this process's own. A worker that inherited it
// would have it still after a reload, when the file says something else, and would not read it anew.

const fs = require('node:fs');

/** The variables that the kernel has for this process. They are no more than a copy that is never changed. */
function readGiven() {
  const text = fs.readFileSync('/proc/self/environ', 'utf8');
  const variables = text.split('\0').map((variable) => /^([^=]+)=(.*)$/s.exec(variable));
  // The first of one name counts, as for the C library.
  return new Map(
    variables
      .filter(Boolean)
      .map(([, ...variable]) => variable)
      .reverse(),
  );
}

function given() {
  try {
    return readGiven();
  } catch {
    return new Map(Object.entries(process.env)); // A process with privileges may not read it.
  }
}

const variables = given();

/**
 * How the variables of a worker differ from those that this process has now. What has been removed here stays so: it was
 * for this process alone.
 * @returns {Record<string, string | undefined>} `undefined` where a worker is not to have it
 */
function environmentChanges() {
  const added = Object.entries(process.env).filter(([name, value]) => variables.get(name) !== value);
  return Object.fromEntries(added.map(([name]) => [name, variables.get(name)]));
}

module.exports = { environmentChanges };
