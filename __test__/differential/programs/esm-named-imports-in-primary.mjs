import cluster from 'cluster';
import { isPrimary, isWorker, isMaster, Worker } from 'cluster';

if (isPrimary) {
  console.log(isWorker, isMaster, typeof Worker);
  const child = cluster.fork();
  console.log(child instanceof Worker, Object.keys(cluster.workers));
  child.on('online', () => cluster.disconnect(() => console.log('disconnected')));
  child.on('exit', (code) => console.log('exit', code));
} else {
  console.log('a worker');
}
