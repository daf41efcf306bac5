'use strict';
const cluster = require('cluster');

// The output of the first worker is the input of the second, which reads it when the first has ended long ago.
if (cluster.isPrimary) {
  cluster.setupPrimary({ stdio: ['ignore', 'pipe', 'inherit', 'ipc'], args: ['writes'] });
  const writer = cluster.fork();
  cluster.setupPrimary({ stdio: [writer.process.stdout, 'inherit', 'inherit', 'ipc'], args: ['reads'] });
  const reader = cluster.fork();
  reader.on('message', (message) => (message === 'up' ? writer.send('go') : console.log(message)));
  writer.process.on('exit', (code) => {
    console.log('writer', code);
    // After what follows the exit.
    setImmediate(() => setImmediate(() => reader.send('read')));
  });
  reader.on('exit', (code) => console.log('reader', code));
} else if (process.argv[2] === 'writes') {
  process.on('message', () => process.stdout.write('y'.repeat(50_000), () => process.exit()));
} else {
  process.on('message', () => {
    let length = 0;
    process.stdin.on('data', (chunk) => (length += chunk.length));
    process.stdin.on('end', () => process.send(length, () => process.exit()));
  });
  process.send('up');
}
