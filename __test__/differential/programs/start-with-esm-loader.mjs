import cluster from 'node:cluster';
import { fileURLToPath } from 'node:url';

// A hook that the user registers in the worker works there.
if (cluster.isPrimary) {
  const file = fileURLToPath(new URL('fixtures/register-loader.mjs', import.meta.url));
  cluster.setupPrimary({ execArgv: ['--import', file] });
  cluster.fork().on('message', (message) => console.log(message));
} else {
  const { default: value } = await import('virtual:greeting');
  process.send([value, process.execArgv.length], () => process.disconnect());
}
