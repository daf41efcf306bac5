'use strict';

// What is to be done when the process exits, behind one listener: listeners show.

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

module.exports = { atExit, isExiting: () => isExiting };
