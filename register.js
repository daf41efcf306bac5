'use strict';

// Loaded before the program, by `node -r cluster-rs/register` or `--import cluster-rs/register`, and by the primary in
// front of each worker's own arguments.

const { isMainThread } = require('node:worker_threads');

// Node loads it again in each thread that the program starts. The program has not asked for it there.
if (isMainThread) {
  const isWorker = process.env.CLUSTER_RS_WORKER !== undefined;
  require('./index.js');
  // The primary has put these two arguments there; the program has not.
  if (isWorker) process.execArgv.splice(0, 2);
}
