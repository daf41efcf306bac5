// as: eval
// flags: --input-type=module
import cluster, { isPrimary } from 'node:cluster';
import { writeFileSync, unlinkSync } from 'node:fs';

writeFileSync('w.cjs', 'process.send(process.execArgv, () => process.disconnect());');
cluster.setupPrimary({ exec: 'w.cjs', execArgv: [] });
const worker = cluster.fork();
worker.on('message', (message) => console.log(isPrimary, message));
worker.on('exit', () => unlinkSync('w.cjs'));
