'use strict';

// The names that an ES module can import from here. Node finds them by reading, not by running; what counts is below.
exports.SCHED_LEAST = exports.SCHED_NONE = exports.SCHED_RR = exports.SCHED_STICKY = undefined;
exports.schedulingPolicy = exports.setScheduler = exports.supervise = undefined;
exports.isMaster = exports.isPrimary = exports.isWorker = exports.native = undefined;
exports.Worker = exports.worker = exports.workers = exports.settings = undefined;
exports.setupMaster = exports.setupPrimary = exports.fork = exports.disconnect = undefined;
exports.broadcast = exports.figures = exports.onRequest = undefined;
exports.connect = exports.lead = exports.lock = exports.publish = exports.store = exports.subscribe = undefined;

// A parent that watches the program's files is not to hear of this package's; where nobody can be told, Node reports nothing.
if (process.send && process.env.WATCH_REPORT_DEPENDENCIES) {
  const { send } = process;
  process.send = undefined;
  process.send = require('./lib/reports.js').filtered(send);
}

const { byNode } = require('./lib/copies.js');

module.exports = byNode('../index.js') ?? require('./lib/load.js');
