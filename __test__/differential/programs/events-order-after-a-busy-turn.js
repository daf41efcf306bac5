'use strict';
const cluster = require('cluster');

// While the primary is busy its worker sends a message and ends: the message comes first.
if (cluster.isPrimary) {
  const worker = cluster.fork();
  const log = [];
  worker.on('message', (message) => {
    log.push(message);
    if (message !== 'busy') return;
    const end = Date.now() + 300;
    while (Date.now() < end);
  });
  worker.on('exit', (code) => log.push(`exit ${code}`));
  worker.process.on('close', () => log.push('close'));
  process.on('exit', () => console.log(log));
} else {
  process.send('busy', () =>
    setTimeout(() => {
      process.send('last words', () => process.exit(2));
    }, 50),
  );
}
