'use strict';
const cluster = require('cluster');

// An array given as stdio counts more than silent.
if (cluster.isPrimary) {
  cluster.setupPrimary({ silent: true, stdio: ['ignore', 'inherit', 'pipe', 'ipc'] });
  const worker = cluster.fork();
  console.log(worker.process.stdio.map((stream) => stream?.constructor.name));
  worker.process.stderr.setEncoding('utf8').on('data', (text) => console.log('stderr:', text.trim()));
} else {
  console.log('worker prints');
  console.error('and complains');
  process.disconnect();
}
