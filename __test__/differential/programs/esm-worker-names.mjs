import cluster from 'cluster';
import * as namespace from 'cluster';

if (cluster.isPrimary) {
  cluster.fork().on('message', (message) => console.log(message));
} else {
  process.send(
    {
      names: Object.keys(namespace)
        .filter((name) => !name.startsWith('_') && name !== 'native')
        .sort(),
      same: namespace.worker === cluster.worker,
      id: namespace.worker.id,
    },
    () => process.disconnect(),
  );
}
