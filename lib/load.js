'use strict';

// Takes over, or says why the built-in module serves.

const cluster = require('node:cluster');
const { addHidden } = require('./hidden.js');
const { isMainThread } = require('./native.js');
const { takeOver } = require('./takeover.js');

const reason = takeOver();
if (reason !== undefined && cluster.native === undefined) {
  addHidden(cluster, { native: false });
  const isPortable = isMainThread && require('./portable/index.js').setUp(cluster);
  // The primary says so for its workers.
  if (cluster.isPrimary || !isPortable) {
    const instead = isPortable
      ? 'the built-in module does, with the additions in JavaScript: no connection moves to another worker'
      : 'the built-in module does';
    process.emitWarning(`cluster-rs can't serve in this process (${reason}): ${instead}`, {
      code: 'CLUSTER_RS_FALLBACK',
    });
  }
}

module.exports = cluster;
