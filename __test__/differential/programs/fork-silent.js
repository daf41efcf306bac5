'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  cluster.setupPrimary({ silent: true });
  const worker = cluster.fork();
  const { stdin, stdout, stderr, stdio } = worker.process;
  console.log(stdin.constructor.name, stdout.constructor.name, stderr.constructor.name, stdio.length);
  console.log(stdio[0] === stdin, stdio[1] === stdout, stdio[2] === stderr, stdio[3]);
  let out = '';
  let err = '';
  stdout.setEncoding('utf8').on('data', (text) => {
    out += text;
  });
  stderr.setEncoding('utf8').on('data', (text) => {
    err += text;
  });
  stdin.end('typed into it');
  worker.process.on('close', (code) => console.log('close', code, JSON.stringify(out), JSON.stringify(err)));
} else {
  console.error('to stderr');
  let text = '';
  process.stdin
    .on('data', (data) => {
      text += data;
    })
    .on('end', () => {
      process.stdout.write(`got ${text}`);
      process.disconnect();
    });
}
