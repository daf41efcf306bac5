// flags: --permission --allow-addons --allow-fs-read=*
// stderr: ignore
'use strict';
const cluster = require('cluster');
const { subscribe } = require('diagnostics_channel');

if (cluster.isPrimary) {
  subscribe('child_process', ({ process }) => console.log('made', process.constructor.name));
  for (const event of ['start', 'end', 'error']) {
    subscribe(`tracing:child_process.spawn:${event}`, ({ process }) => console.log(event, process.constructor.name));
  }
  subscribe('node:permission-model:child', (message) => console.log('denied', message));
  cluster.on('setup', () => console.log('setup')).on('fork', () => console.log('fork'));
  for (let i = 0; i < 2; i++) {
    try {
      cluster.fork();
    } catch (error) {
      const { code, message, name, permission, resource } = error;
      console.log(name, { code, message, permission, resource }, Object.keys(error), cluster.workers);
    }
  }
} else {
  console.log('a worker runs');
}
