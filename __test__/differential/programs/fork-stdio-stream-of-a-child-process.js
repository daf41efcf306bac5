// compare: sorted
'use strict';
const cluster = require('cluster');
const { spawn } = require('child_process');

// What a process prints is read by a worker, and what a worker prints by a process, when the one that has printed it has ended.
if (cluster.isPrimary) {
  const program = 'process.stdin.once("data", () => process.stdout.write("y".repeat(50_000)))';
  const child = spawn(process.execPath, ['-e', program], { stdio: ['pipe', 'pipe', 'inherit'] });
  cluster.setupPrimary({ stdio: [child.stdout, 'pipe', 'inherit', 'ipc'] });
  const worker = cluster.fork();
  const last = spawn('wc', ['-c'], { stdio: [worker.process.stdout, 'inherit', 'inherit'] });
  worker.on('online', () => child.stdin.end('go'));
  child.on('exit', (code) => {
    console.log('child', code);
    setImmediate(() => setImmediate(() => worker.send('read')));
  });
  worker.on('exit', (code) => console.log('worker', code));
  last.on('exit', (code) => console.log('last', code));
} else {
  process.once('message', () => {
    process.stdin.pipe(process.stdout);
    process.stdin.on('end', () => process.disconnect());
  });
}
