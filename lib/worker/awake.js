'use strict';

// Has the worker's page say that its loop is awake as soon as a request is handled, and not only after that: libuv tells
// nothing of its callbacks for I/O before they have run.

const diagnostics = require('node:diagnostics_channel');
const { numbers } = require('../channel/index.js');

// Where the addon says whether the page does.
const AWAKE = 4;

/** @param {object} native the addon's `Worker` */
function tellOfRequests(native) {
  diagnostics.subscribe('http.server.request.start', () => {
    if (numbers[AWAKE] === 0) native.wake();
  });
}

module.exports = { tellOfRequests };
