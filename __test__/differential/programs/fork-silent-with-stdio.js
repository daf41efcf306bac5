'use strict';
const cluster = require('cluster');

// An array given as stdio counts more than silent.
if (cluster.isPrimary) {
  cluster.setupPrimary({ silent: true, stdio: ['ignore', 'inherit', 'pipe', 'ipc'] });
  const worker = cluster.fork();
  const { stdio } = worker.process;
  worker.on('exit', () => console.log(stdio.map((stream) => stream?.constructor.name)));
  let text = '';
  worker.process.stderr.setEncoding('utf8').on('data', (data) => {
    text += data;
  });
  worker.process.on('close', () => console.log('stderr:', text.trim()));
} else {
  console.log('worker prints');
  console.error('and complains');
  process.disconnect();
}
