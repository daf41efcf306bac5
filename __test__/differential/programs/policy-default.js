'use strict';
const cluster = require('cluster');

console.log(
  cluster.SCHED_NONE,
  cluster.SCHED_RR,
  cluster.schedulingPolicy,
  cluster.schedulingPolicy === cluster.SCHED_RR,
);
console.log(
  Object.getOwnPropertyDescriptor(cluster, 'schedulingPolicy').writable,
  'schedulingPolicy' in cluster.settings,
);
