/// <reference types="node" />

// `cluster-rs` is the built-in module itself, taken over in place: its types are those of `@types/node`, whichever
// version of it (20 or later) the program uses, and `native`.

type Builtin = typeof import('node:cluster');

/**
 * Node's `cluster` module with a Rust core. `require('cluster-rs') === require('node:cluster')`: from the moment it is
 * loaded, everybody in the process who asks for `cluster` gets this one.
 *
 * ```js
 * const cluster = require('cluster-rs');
 * const http = require('node:http');
 *
 * if (cluster.isPrimary) {
 *   cluster.fork();
 *   cluster.fork();
 * } else {
 *   http.createServer((request, response) => response.end(`worker ${cluster.worker.id}`)).listen(8000);
 * }
 * ```
 *
 * Loading it fails with code `ERR_CLUSTER_RS_LATE` if the built-in module has forked already.
 *
 * @see https://nodejs.org/api/cluster.html
 */
declare const cluster: cluster.Cluster;

declare namespace cluster {
  /** The module's object: that of the built-in module, and `native`. */
  interface Cluster extends BuiltinCluster {
    /** The class of {@link Cluster.fork}'s workers, which can also be called without `new`. */
    // Said here too, because some versions of the types have it beside the object only.
    Worker: typeof import('node:cluster').Worker;

    /**
     * Whether the Rust core serves. `false` where it can't run, so that the built-in module serves unchanged; a warning
     * with code `CLUSTER_RS_FALLBACK` has said why.
     */
    readonly native: boolean;
  }

  /** A worker, as the primary sees it or as it sees itself (`cluster.worker`). */
  type Worker = import('node:cluster').Worker;

  /** What `setupPrimary` takes and `cluster.settings` holds. */
  type ClusterSettings = import('node:cluster').ClusterSettings;

  /** Where a worker listens: the argument of the event `listening`. */
  type Address = import('node:cluster').Address;

  // Some versions of the types do not have these: they are `any` there.

  /** What the constructor `cluster.Worker` takes. */
  // @ts-ignore
  type WorkerOptions = import('node:cluster').WorkerOptions;

  /** The events of a worker, with their arguments. */
  // @ts-ignore
  type WorkerEventMap = import('node:cluster').WorkerEventMap;

  /** The events of the module, with their arguments. */
  // @ts-ignore
  type ClusterEventMap = import('node:cluster').ClusterEventMap;
}

// In newer versions of the types the module is the object, in older ones it has it as `default`.
type BuiltinCluster = Builtin extends { default: infer Default } ? Default : Builtin;

export = cluster;
