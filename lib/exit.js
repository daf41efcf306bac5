'use strict';

// What is to be done when the process exits, behind one listener: listeners show.

// How long a reader of the output that does not read is waited for, in milliseconds.
const PATIENCE = 1000;

const actions = [];
let isExiting = false;

function exit() {
  isExiting = true;
  for (const action of actions) action();
}

/** Has `action` called when the process exits, before the program's own listeners that are added later. */
function atExit(action) {
  if (actions.length === 0) process.once('exit', exit);
  actions.push(action);
}

/** Ends this process when what it has printed is written; if nobody reads that, soon. */
async function exitWhenWritten(code) {
  const written = [process.stdout, process.stderr].map((stream) => new Promise((resolve) => stream.write('', resolve)));
  await Promise.race([Promise.all(written), new Promise((resolve) => setTimeout(resolve, PATIENCE))]);
  process.exit(code);
}

module.exports = { atExit, exitWhenWritten, isExiting: () => isExiting };
