'use strict';
const cluster = require('cluster');
const { EventEmitter } = require('events');

console.log(cluster instanceof EventEmitter, Object.getPrototypeOf(cluster) === EventEmitter.prototype);
console.log(
  Object.keys(cluster)
    .filter((name) => !name.startsWith('_') && name !== 'native')
    .sort(),
);
console.log(cluster.isPrimary, cluster.isMaster, cluster.isWorker, cluster.worker, cluster.workers, cluster.settings);
console.log(
  cluster.setupMaster === cluster.setupPrimary,
  require('node:cluster') === cluster,
  require('module').builtinModules.includes('cluster'),
);
for (const name of ['fork', 'setupPrimary', 'disconnect']) console.log(name, cluster[name].length);
console.log(
  process.listenerCount('internalMessage'),
  process.listenerCount('disconnect'),
  process.listenerCount('message'),
);
console.log(cluster.eventNames(), process.getBuiltinModule?.('cluster') === (process.getBuiltinModule && cluster));
