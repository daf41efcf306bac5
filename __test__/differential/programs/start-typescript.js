// node: >=24
// stderr: ignore
'use strict';
const cluster = require('cluster');
const fs = require('fs');

// Node strips the types of a worker's program by itself.
fs.writeFileSync(
  'worker.cts',
  'const text: string = "typed"; process.send!(text, () => process.disconnect());'.replace('!', ''),
);
cluster.setupPrimary({ exec: 'worker.cts' });
cluster
  .fork()
  .on('message', (message) => console.log(message))
  .on('exit', (code) => {
    console.log('exit', code);
    fs.unlinkSync('worker.cts');
  });
