// compare: sorted
'use strict';
const cluster = require('cluster');

// What the primary has sent before a signal is there when the worker handles it, though the primary goes on with its turn.
if (cluster.isPrimary) {
  const kills = {
    'by the worker': (worker) => worker.process.kill(),
    'by process.kill': ({ process: { pid } }) => process.kill(pid),
  };
  for (const [name, kill] of Object.entries(kills)) {
    const worker = cluster.fork();
    worker.once('message', () => {
      for (let i = 0; i < 10; i++) worker.send(i);
      kill(worker);
      const end = Date.now() + 500;
      while (Date.now() < end);
      worker.once('message', (count) => console.log(name, count));
    });
  }
} else {
  let count = 0;
  process.on('message', () => count++);
  process.on('SIGTERM', () => setTimeout(() => process.send(count, () => process.exit()), 200));
  process.send('ready');
}
