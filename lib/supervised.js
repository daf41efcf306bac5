'use strict';

// What a worker does for a supervisor.

const diagnostics = require('node:diagnostics_channel');
const { numbers } = require('./channel.js');

// Where the addon finds how many HTTP requests have begun.
const REQUESTS = 2;

function setUp() {
  diagnostics.subscribe('http.server.request.start', () => numbers[REQUESTS]++);
  // Ctrl+C reaches all processes of a terminal. The supervisor ends its workers in its own order.
  process.on('SIGINT', () => {});
}

module.exports = { setUp };
