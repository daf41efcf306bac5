// Compiled, never run.

import cluster = require('cluster-rs');

const worker: cluster.Worker = cluster.fork();
const settings: cluster.ClusterSettings = cluster.settings;
const native: boolean = cluster.native;

export = [worker, settings, native];
