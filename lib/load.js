'use strict';

// Takes over, or says why the built-in module serves.

const cluster = require('node:cluster');
const { addHidden } = require('./hidden.js');
const { binding } = require('./native.js');
const { takeOver } = require('./takeover.js');

const reason = takeOver();
if (reason !== undefined && cluster.native === undefined) {
  addHidden(cluster, { native: false });
  // Where there is no addon, the primary says so for its workers.
  if (cluster.isPrimary || binding) {
    process.emitWarning(`cluster-rs can't serve in this process (${reason}): the built-in module does`, {
      code: 'CLUSTER_RS_FALLBACK',
    });
  }
}

module.exports = cluster;
