// as: import
import cluster, { isPrimary } from 'node:cluster';

if (isPrimary) {
  const worker = cluster.fork();
  worker.send('hello');
  worker.on('message', (message) => {
    console.log(message, cluster.workers[1] === worker);
    worker.disconnect();
  });
} else {
  process.send([process.execArgv, cluster.worker.id]);
}
