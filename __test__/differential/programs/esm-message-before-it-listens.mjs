// ours: heard: early
// ours: exit 0
import cluster from 'node:cluster';
import { setTimeout } from 'node:timers/promises';

// The built-in module loses what comes while an ES module is still loading.
if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.send('early');
  worker.on('message', (message) => {
    console.log(message);
    worker.disconnect();
  });
  worker.on('exit', (code) => console.log('exit', code));
} else {
  await setTimeout(100);
  process.on('message', (message) => process.send(`heard: ${message}`));
}
