// env: NODE_CLUSTER_SCHED_POLICY=rr
'use strict';
const cluster = require('cluster');

console.log(cluster.schedulingPolicy === cluster.SCHED_RR);
