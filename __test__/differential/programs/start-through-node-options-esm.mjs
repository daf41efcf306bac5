// as: options
import { fork } from 'node:child_process';
import cluster from 'node:cluster';
import { fileURLToPath } from 'node:url';

// Every process is given the module, a plain child too.
if (process.argv[2] === 'child') {
  process.send(['child', cluster.isPrimary]);
  cluster.setupPrimary({ args: [] });
  cluster.fork().on('message', (message) => process.send(message, () => process.disconnect()));
} else if (cluster.isPrimary) {
  const child = fork(fileURLToPath(import.meta.url), ['child']);
  child.on('message', (message) => console.log(message));
  child.on('exit', (code) => console.log('exit', code));
} else {
  process.send(['worker', cluster.worker.id], () => process.disconnect());
}
