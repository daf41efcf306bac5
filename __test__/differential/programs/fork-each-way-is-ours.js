// compare: sorted
// ours: {} true
// ours: { silent: true } true
// ours: { cwd: '.' } true
// ours: { stdio: [ 0, 1, 2, 'ipc' ] } true
// ours: { serialization: 'advanced' } true
// ours: { windowsHide: true } true
// ours: { args: null } true
// ours: { execArgv: [ '--no-warnings' ] } true
// ours: a wrapped fork true
// ours: a wrapped spawn true
// ours: somebody who listens true
'use strict';
const childProcess = require('child_process');
const cluster = require('cluster');
const { subscribe } = require('diagnostics_channel');

// Node makes the worker's `ChildProcess`, and in whichever way it comes to that, the process is one that the addon has
// started, and there is no other.
const ways = [
  {},
  { silent: true },
  { cwd: '.' },
  { stdio: [0, 1, 2, 'ipc'] },
  { serialization: 'advanced' },
  { windowsHide: true },
  { args: null },
  { execArgv: ['--no-warnings'] },
];
const others = {
  'a wrapped fork': () => {
    const { fork } = childProcess;
    childProcess.fork = (...given) => fork(...given);
  },
  'a wrapped spawn': () => {
    const { prototype } = childProcess.ChildProcess;
    const { spawn } = prototype;
    prototype.spawn = function (...given) {
      return Reflect.apply(spawn, this, given);
    };
  },
  'somebody who listens': () => subscribe('child_process', () => {}),
};

function fork(way, settings) {
  cluster.settings = {};
  cluster.setupPrimary(settings);
  const worker = cluster.fork();
  worker.process.stdout?.pipe(process.stdout);
  worker.on('message', (isOurs) => console.log(way, isOurs));
  worker.on('exit', (code) => code && console.log('exit', code));
}

if (cluster.isPrimary) {
  for (const way of ways) fork(way, way);
  for (const [way, prepare] of Object.entries(others)) {
    prepare();
    fork(way);
  }
} else {
  const isOurs = Boolean(cluster.native);
  if (!isOurs) console.log('a process that nobody wants');
  process.send(isOurs, () => process.disconnect());
}
