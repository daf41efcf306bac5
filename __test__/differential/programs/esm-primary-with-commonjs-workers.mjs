import cluster from 'node:cluster';
import { fileURLToPath } from 'node:url';

cluster.setupPrimary({ exec: fileURLToPath(new URL('fixtures/report.js', import.meta.url)), args: ['from', 'esm'] });
const worker = cluster.fork({ REPORT: 'yes' });
worker.on('message', (message) => console.log(message));
worker.on('exit', (code) => console.log('exit', code));
