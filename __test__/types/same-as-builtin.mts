// Compiled, never run: the types of cluster-rs are those of the built-in module, which has the same additions.

import builtin, * as names from 'node:cluster';
import cluster, * as ours from 'cluster-rs';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

export const all: [
  Same<keyof typeof cluster, keyof typeof builtin>,
  Same<ours.Worker, names.Worker>,
  Same<ours.WorkerOptions, names.WorkerOptions>,
  Same<ours.WorkerEventMap, names.WorkerEventMap>,
  Same<ours.ClusterSettings, names.ClusterSettings>,
  Same<ours.ClusterEventMap, names.ClusterEventMap>,
  Same<ours.Address, names.Address>,
] = [true, true, true, true, true, true, true];

// What takes the built-in module takes ours.
export const asBuiltin: typeof builtin = cluster;
export const asCluster: names.Cluster = cluster;

// And what it gives is a worker, by either name.
export const forked: names.Worker = cluster.fork();
export const forkedAsBuiltin: ours.Worker = builtin.fork();
cluster.setScheduler((connection, workers) => (connection.localPort === 1 ? null : workers[0]));

// It can be subclassed, too.
export class Named extends cluster.Worker {
  name = `worker ${this.id}`;
}
export const named: names.Worker = new Named({ id: 7 });
