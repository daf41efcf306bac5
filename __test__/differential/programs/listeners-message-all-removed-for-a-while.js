'use strict';
const cluster = require('cluster');

// What comes while there is no listener at all, not even the module's own, waits for one; on both sides.
function withoutListeners(channel, ready, heard) {
  channel.removeAllListeners('message');
  ready();
  setTimeout(() => channel.on('message', heard), 300);
}

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.once('message', () => {
    worker.send('one');
    worker.send('two');
    withoutListeners(
      worker.process,
      () => {},
      (message) => {
        console.log(message);
        if (message === 'heard two') worker.process.kill();
      },
    );
  });
} else {
  withoutListeners(
    process,
    () => process.send('ready'),
    (message) => process.send(`heard ${message}`),
  );
}
