// compare: sorted
'use strict';
const childProcess = require('child_process');
const cluster = require('cluster');

// As on a release of Node that took any timeout: each fork still starts one process.
const { fork } = childProcess;
childProcess.fork = (file, args, options) => fork(file, args, { ...options, timeout: undefined });

if (cluster.isPrimary) {
  const settings = [{ cwd: '.' }, { stdio: 'inherit' }, { silent: false }, { uid: process.getuid() }, { args: null }];
  for (const one of settings) {
    cluster.setupPrimary({ cwd: undefined, stdio: undefined, uid: undefined, args: [], ...one });
    cluster.fork().on('exit', (code, signal) => console.log('exit', code, signal));
  }
} else {
  console.log('started', process.cwd());
  process.disconnect();
}
