'use strict';
const { fork, spawn, exec, execFile } = require('child_process');
const cluster = require('cluster');

// Beside its workers the primary has children of other kinds.
if (process.argv[2] === 'child') {
  process.on('message', (message) => {
    process.send(`echo ${message}`);
    process.disconnect();
  });
} else if (cluster.isPrimary) {
  const log = [];
  const worker = cluster.fork();
  worker.on('exit', (code) => log.push(`worker ${code}`));
  const child = fork(__filename, ['child']);
  child.on('message', (message) => log.push(message));
  child.on('exit', (code) => log.push(`child ${code}`));
  child.send('one');
  spawn('true').on('exit', (code) => log.push(`spawn ${code}`));
  exec('echo hello; exit 3', (error, stdout) => log.push(`exec ${error.code} ${stdout.trim()}`));
  execFile('false', (error) => log.push(`execFile ${error.code}`));
  process.on('exit', () => console.log(log.sort()));
} else {
  process.exit(4);
}
