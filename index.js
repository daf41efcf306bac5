'use strict';

const cluster = require('node:cluster');
const { takeOver } = require('./lib/takeover.js');

const reason = takeOver();
if (reason !== undefined && cluster.native === undefined) {
  cluster.native = false;
  process.emitWarning(`cluster-rs can't serve in this process (${reason}): the built-in module does`, {
    code: 'CLUSTER_RS_FALLBACK',
  });
}

module.exports = cluster;
