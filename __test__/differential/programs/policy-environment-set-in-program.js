'use strict';
// Set before the module is asked for, it counts.
process.env.NODE_CLUSTER_SCHED_POLICY = 'none';
const cluster = require('cluster');
console.log(cluster.schedulingPolicy);
process.env.NODE_CLUSTER_SCHED_POLICY = 'rr';
console.log(cluster.schedulingPolicy);
