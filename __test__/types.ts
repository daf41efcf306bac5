// Compiled, never run: the types of cluster-rs are those of the built-in module, and a little more.

import builtin, { type Worker } from 'node:cluster';
import cluster from 'cluster-rs';
import 'cluster-rs/register';

const sameAsBuiltin: typeof builtin = cluster;
const native: boolean = cluster.native;
const worker: Worker = cluster.fork({ NAME: 'value' });

cluster.on('exit', (left: Worker, code: number, signal: string) => [left.id, code, signal]);
// @ts-expect-error: what the module does not have is still an error.
cluster.nothing();

export { native, sameAsBuiltin, worker };
