'use strict';
const cluster = require('cluster');

function attempt(options) {
  const reset = { exec: __filename, args: [], execArgv: [], cwd: undefined, serialization: undefined };
  try {
    cluster.setupPrimary({ ...reset, ...options });
    const worker = cluster.fork();
    console.log(Object.keys(options), 'no error');
    worker.process.kill('SIGKILL');
  } catch (error) {
    console.log(error.name, error.code, error.message);
  }
}

if (cluster.isPrimary) {
  cluster.on('error', () => {});
  attempt({ exec: 5 });
  attempt({ exec: null });
  attempt({ exec: undefined });
  attempt({ exec: 'with\0null' });
  attempt({ args: 'text' });
  attempt({ args: 5 });
  attempt({ args: ['with\0null'] });
  attempt({ execArgv: null });
  attempt({ execArgv: 5 });
  attempt({ cwd: 5 });
  attempt({ cwd: 'with\0null' });
  attempt({ serialization: 'binary' });
  attempt({ serialization: 5 });
  attempt({ windowsHide: 'yes' });
  console.log(Object.keys(cluster.workers).length);
}
