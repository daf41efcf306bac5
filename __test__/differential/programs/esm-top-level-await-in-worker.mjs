import cluster from 'node:cluster';
import { setTimeout } from 'node:timers/promises';

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('message', (message) => {
    console.log(message);
    worker.disconnect();
  });
} else {
  await setTimeout(50);
  process.send(await Promise.resolve('after waiting'));
}
