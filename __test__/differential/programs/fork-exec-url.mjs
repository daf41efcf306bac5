import cluster from 'node:cluster';

// The program and the directory may be URLs.
cluster.setupPrimary({
  exec: new URL('fixtures/report.js', import.meta.url),
  cwd: new URL('fixtures/', import.meta.url),
});
const worker = cluster.fork();
worker.on('message', (message) => console.log(message));
worker.on('exit', (code) => console.log('exit', code));
