// ours: {} 700
// ours: { readableAll: true } 744
// ours: { writableAll: true } 722
// ours: { readableAll: true, writableAll: true } 766
'use strict';
const cluster = require('cluster');
const fs = require('fs');
const net = require('net');

if (cluster.isPrimary) {
  process.umask(0o077);
  const forms = [{}, { readableAll: true }, { writableAll: true }, { readableAll: true, writableAll: true }];
  const next = () => {
    if (forms.length === 0) return;
    const form = forms.shift();
    const worker = cluster.fork({ FORM: JSON.stringify(form) });
    worker.on('listening', () => {
      console.log(form, (fs.statSync('mode.sock').mode & 0o777).toString(8));
      worker.disconnect();
    });
    worker.on('message', (message) => {
      console.log(form, message);
      worker.disconnect();
    });
    worker.on('exit', next);
  };
  next();
} else {
  net
    .createServer()
    .listen({ path: 'mode.sock', ...JSON.parse(process.env.FORM) })
    .on('error', (error) => process.send([error.code, error.message]));
}
