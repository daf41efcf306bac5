'use strict';
const cluster = require('cluster');

// A worker that has said that it goes may outlive its primary, and end as it likes.
if (cluster.isPrimary) {
  cluster.fork().on('message', () => process.exit());
} else {
  cluster.worker.exitedAfterDisconnect = true;
  process.on('disconnect', () => setTimeout(() => console.log('worker ends by itself'), 50));
  process.send('ready');
}
