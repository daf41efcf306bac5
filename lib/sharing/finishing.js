'use strict';

// What keeps a worker from its end: work that is told to stop, and has not stopped yet.

const { Set } = require('../primordials.js');

module.exports = { finishing: new Set() };
