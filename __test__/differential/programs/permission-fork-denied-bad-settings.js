// flags: --permission --allow-addons --allow-fs-read=*
// stderr: ignore
'use strict';
const cluster = require('cluster');

// What comes first: a wrong setting, or the permission?
const settings = [
  { cwd: 5 },
  { stdio: 'nothing' },
  { stdio: ['ipc', 'ipc'] },
  { stdio: [0, 1, 2] },
  { uid: 'me' },
  { args: 5 },
  { execArgv: ['a\0b'] },
  { serialization: 'xml' },
  { cwd: '/nonexistent' },
  { uid: 65534, gid: 65534 },
  { silent: true },
];
for (const one of settings) {
  cluster.settings = {};
  try {
    cluster.setupPrimary(one);
    cluster.fork();
  } catch ({ code, permission }) {
    console.log(one, code, permission);
  }
}
