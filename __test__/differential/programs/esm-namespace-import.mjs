import * as namespace from 'node:cluster';
import cluster from 'node:cluster';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
console.log(
  namespace.default === cluster,
  cluster === require('cluster'),
  namespace.fork === cluster.fork,
  namespace.isPrimary,
);
console.log(
  Object.keys(namespace)
    .filter((name) => !name.startsWith('_') && name !== 'native')
    .sort(),
);
