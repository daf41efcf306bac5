'use strict';

// The names that an ES module can import from here. Node finds them by reading, not by running; what counts is below.
exports.SCHED_LEAST = exports.SCHED_NONE = exports.SCHED_RR = exports.SCHED_STICKY = undefined;
exports.schedulingPolicy = exports.setScheduler = exports.supervise = undefined;
exports.isMaster = exports.isPrimary = exports.isWorker = exports.native = undefined;
exports.Worker = exports.worker = exports.workers = exports.settings = undefined;
exports.setupMaster = exports.setupPrimary = exports.fork = exports.disconnect = undefined;
exports.broadcast = exports.figures = exports.onRequest = undefined;

const cluster = require('node:cluster');
const { addHidden } = require('./lib/hidden.js');
const { binding } = require('./lib/native.js');
const { takeOver } = require('./lib/takeover.js');

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
