// as: options
'use strict';
const cluster = require('cluster');
const { fork } = require('child_process');

// No worker outlives a primary that is killed.
if (cluster.isPrimary && process.argv[2] !== 'primary') {
  const primary = fork(__filename, ['primary']);
  primary.on('message', (pids) => {
    primary.kill('SIGKILL');
    primary.on('exit', (code, signal) => {
      console.log('primary', code, signal);
      const alive = () =>
        pids.filter((each) => {
          try {
            return process.kill(each, 0);
          } catch {
            return false;
          }
        });
      const end = Date.now() + 5000;
      const look = () => {
        if (alive().length > 0 && Date.now() < end) return setTimeout(look, 20);
        console.log('workers alive', alive().length);
      };
      look();
    });
  });
} else if (cluster.isPrimary) {
  const pids = [];
  for (let i = 0; i < 2; i++) {
    const worker = cluster.fork();
    worker.on('listening', () => {
      pids.push(worker.process.pid);
      if (pids.length === 2) process.send(pids);
    });
  }
} else {
  require('net').createServer().listen(0, '127.0.0.1');
}
