'use strict';

// Exceptions of the program's, in what it has had called.

const { nextTick } = require('../primordials.js');

/** Has it be an uncaught exception. */
function throwLater(error) {
  nextTick(() => {
    throw error;
  });
}

/** What `call` throws keeps nobody else from what has come with it. */
function throwingLater(call) {
  try {
    call();
  } catch (error) {
    throwLater(error);
  }
}

module.exports = { throwLater, throwingLater };
