// flags: --permission --allow-addons --allow-child-process --allow-fs-read=*
// stderr: ignore
'use strict';
const cluster = require('cluster');
const { spelled } = require('./fixtures/permission-flags.js');

function tell() {
  const { execArgv, env, permission } = process;
  const scopes = ['fs.read', 'fs.write', 'child', 'addon', 'net'].filter((scope) => permission?.has(scope));
  process.send({ isOn: permission !== undefined, scopes, execArgv, NODE_OPTIONS: env.NODE_OPTIONS }, () =>
    process.disconnect(),
  );
}

const own = spelled('--permission --allow-addons --allow-fs-read=*');
const forks = [
  [{}],
  [{ execArgv: [] }],
  [{ execArgv: ['--no-warnings'] }],
  [{ execArgv: own }],
  [{ execArgv: ['--title=--permission'] }],
  [{ execArgv: [], args: ['--permission'] }],
  [{ execArgv: [] }, { NODE_OPTIONS: '--no-warnings' }],
  [{ execArgv: [] }, { NODE_OPTIONS: own.join(' ') }],
  [{ execArgv: [] }, { NODE_OPTIONS: '--title=--permission' }],
  [{ execArgv: [] }, { NODE_OPTIONS: '' }],
  [{ execArgv: [] }, { NODE_OPTIONS: undefined }],
];

function next() {
  if (forks.length === 0) return;
  const [settings, env] = forks.shift();
  cluster.setupPrimary({ args: [], execArgv: process.execArgv, ...settings });
  const worker = cluster.fork(env);
  worker.on('message', (message) => console.log(settings, env, message));
  worker.on('exit', (code, signal) => {
    console.log(code, signal);
    next();
  });
}

if (cluster.isPrimary) next();
else tell();
