'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  cluster.fork().on('message', (message) => console.log(message));
} else {
  const { worker } = cluster;
  process.send(
    {
      keys: Object.keys(worker).filter((name) => !name.startsWith('_')),
      type: worker.constructor === cluster.Worker,
      id: worker.id,
      state: worker.state,
      exited: String(worker.exitedAfterDisconnect),
      process: worker.process === process,
      cluster: Object.keys(cluster)
        .filter((name) => !name.startsWith('_') && name !== 'native')
        .sort(),
      primary: [cluster.isPrimary, cluster.isMaster, cluster.isWorker],
      workers: typeof cluster.workers,
      fork: typeof cluster.fork,
      settings: typeof cluster.settings,
    },
    () => process.disconnect(),
  );
}
