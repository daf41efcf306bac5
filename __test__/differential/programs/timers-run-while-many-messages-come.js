'use strict';
const cluster = require('cluster');

// A worker that never stops talking does not starve the timers of its primary.
if (cluster.isPrimary) {
  const worker = cluster.fork();
  let count = 0;
  worker.on('message', () => count++);
  worker.on('online', () =>
    setTimeout(() => {
      console.log('timer ran', count > 0);
      worker.process.kill('SIGKILL');
    }, 200),
  );
  worker.on('exit', (code, signal) => console.log('exit', signal));
} else {
  const talk = () => {
    for (let i = 0; i < 50; i++) process.send('x');
    setImmediate(talk);
  };
  talk();
}
