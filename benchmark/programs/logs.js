'use strict';

// Workers whose lines go into a file: through the command, or because they have inherited it.

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const cluster = require('../..');
const { options, say } = require('./options.js');

const server = path.join(__dirname, 'logging_server.js');
const log = fs.openSync(options.log, 'a');
process.env.PORT = options.port;

if (options.inherits) {
  cluster.setupPrimary({ exec: server, stdio: ['ignore', log, 'inherit', 'ipc'] });
  const supervisor = cluster.supervise({ workers: options.workers });
  supervisor.once('ready', () => say({ workers: supervisor.workers.map((worker) => worker.process.pid) }));
} else {
  const bin = path.join(__dirname, '..', '..', 'bin', 'cluster-rs.js');
  const child = spawn(process.execPath, [bin, server, '-w', `${options.workers}`, '--name', `bench-${process.pid}`], {
    stdio: ['ignore', log, 'pipe'],
  });
  let text = '';
  child.stderr.setEncoding('utf8').on('data', (part) => {
    const wasRunning = text.includes(' is running with ');
    text += part;
    if (wasRunning || !text.includes(' is running with ')) return;
    const children = fs.readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'latin1').trim().split(' ');
    say({ primary: child.pid, workers: children.map(Number) });
  });
}
