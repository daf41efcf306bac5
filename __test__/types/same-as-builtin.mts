// Compiled, never run: the types of cluster-rs are those of the built-in module, and `native`.

import builtin, * as names from 'node:cluster';
import cluster, * as ours from 'cluster-rs';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

export const all: [
  Same<Exclude<keyof typeof cluster, 'native'>, keyof typeof builtin>,
  Same<typeof cluster.native, boolean>,
  Same<ours.Worker, names.Worker>,
  Same<ours.WorkerOptions, names.WorkerOptions>,
  Same<ours.WorkerEventMap, names.WorkerEventMap>,
  Same<ours.ClusterSettings, names.ClusterSettings>,
  Same<ours.ClusterEventMap, names.ClusterEventMap>,
  Same<ours.Address, names.Address>,
] = [true, true, true, true, true, true, true, true];

// What takes the built-in module, takes ours.
export const asBuiltin: typeof builtin = cluster;
export const asCluster: names.Cluster = cluster;
