// as: options
'use strict';
const { spawn } = require('child_process');
const cluster = require('cluster');

// What is written to the primary's standard input may be read by its worker.
if (process.argv[2] !== 'primary' && cluster.isPrimary) {
  const primary = spawn(process.execPath, [...process.execArgv, __filename, 'primary'], {
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  primary.stdin.end('typed text');
} else if (cluster.isPrimary) {
  cluster.fork().on('message', (message) => console.log(message));
} else {
  let text = '';
  process.stdin
    .setEncoding('utf8')
    .on('data', (data) => {
      text += data;
    })
    .on('end', () => process.send(text, () => process.disconnect()));
}
