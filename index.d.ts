/// <reference types="node" />

// `cluster-rs` is the built-in module itself, taken over in place: its types are those of `@types/node`, whichever
// version of it (20 or later) the program uses, and the members below. The program sees these on `node:cluster` too.

import type { Serializable } from 'node:child_process';

declare module 'cluster' {
  interface Cluster {
    /**
     * Whether the Rust core serves. `false` where it can't run, so that the built-in module serves unchanged; a warning
     * with code `CLUSTER_RS_FALLBACK` has said why. The built-in module has none of the other members.
     */
    readonly native: boolean;

    /**
     * A scheduling policy: a connection goes to the worker with the fewest connections, open or on their way; among
     * equals round robin decides. Also `NODE_CLUSTER_SCHED_POLICY=least`. In the primary only.
     */
    readonly SCHED_LEAST: number;

    /**
     * Sends a message to all workers, and encodes it only once. In the primary only.
     * @param message what `worker.send` takes
     * @returns how many workers have taken it: those whose channel is open
     */
    broadcast(message: Serializable): number;

    /** What has become of the connections that were dispatched (`SCHED_RR` and `SCHED_LEAST`) so far. In the primary only. */
    figures(): cluster.Figures;

    /**
     * Answers what the other side asks with {@link Worker.request}, in the primary and in workers. There is one handler
     * in a process; a later call replaces it.
     * @param handler gives the answer, or a promise of it. What it throws, or rejects with, is the error of the request:
     *   the other side gets its `name`, `message` and `code`.
     */
    onRequest(handler: (message: any, worker: Worker) => unknown): void;
  }

  interface Worker {
    /**
     * Asks the other side, and resolves with the answer of its {@link Cluster.onRequest} handler. In the primary this
     * asks the worker; `cluster.worker.request` in a worker asks the primary. A side that has no handler yet, because it
     * is still loading, has 5 seconds to get one.
     *
     * Rejects with the handler's error, or with one of these codes: `ERR_CLUSTER_RS_TIMEOUT`,
     * `ERR_CLUSTER_RS_NO_HANDLER`, `ERR_CLUSTER_RS_WORKER_GONE`, `ERR_IPC_CHANNEL_CLOSED`.
     * @param message what `worker.send` takes
     */
    request(message: Serializable, options?: cluster.RequestOptions): Promise<any>;

    /**
     * Ends the worker without a failed request: it gets no new connections, and finishes the requests in progress. Its
     * kept-alive connections of plain HTTP servers move to other workers between two requests, unseen by the clients;
     * those that can't (HTTPS, `SCHED_NONE`, no other worker on that address) end with their next answer. The worker
     * hears of it by the event `drain` of its `process`. When no connection is left it gets SIGTERM, where it handles
     * that; otherwise it exits with code 0. There is no time limit. In the primary only.
     *
     * Sets `exitedAfterDisconnect`. Called again, it changes only `move`. Fork the worker's successor, and wait until
     * that listens, first.
     * @returns the worker
     * @throws ERR_INVALID_ARG_TYPE if `move` is no boolean
     */
    drain(options?: cluster.DrainOptions): this;
  }

  interface ClusterSettings {
    /** How connections are dispatched (`SCHED_RR` and `SCHED_LEAST`). May be changed at any time. */
    scheduling?: cluster.Scheduling | undefined;
  }
}

declare global {
  namespace NodeJS {
    interface Process {
      /**
       * Emitted in a worker that is drained: {@link cluster.Worker.drain}. Connections that would last, such as
       * WebSockets, should be ended now.
       */
      on(event: 'drain', listener: () => void): this;
      /** The same, once. */
      once(event: 'drain', listener: () => void): this;
    }
  }
}

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
  /** The module's object. */
  interface Cluster extends BuiltinCluster {
    /** The class of workers. */
    Worker: WorkerConstructor;
  }

  // The types of Node have the class beside the module's object in some versions, and a `Worker` that can't be added to in others.
  interface WorkerConstructor extends Omit<typeof import('node:cluster').Worker, 'prototype'> {
    new (options?: WorkerOptions): Worker;
    readonly prototype: Worker;
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

  // What follows is ours alone.

  /** How connections are dispatched. */
  interface Scheduling {
    /**
     * For how long a connection may wait in the queue of a worker before it goes to another that is free, in
     * milliseconds: a whole number, at least 1.
     * @default 20
     */
    takeBackAfter?: number | undefined;
  }

  /** The options of {@link Worker.request}. */
  interface RequestOptions {
    /** After how many milliseconds the request is given up. Without it, it waits until the other side has gone. */
    timeout?: number | undefined;
  }

  /** The options of {@link Worker.drain}. */
  interface DrainOptions {
    /**
     * Whether connections move to other workers. With `false`, which is for stopping all of them, those that are idle are
     * closed at once, and the others after their answer.
     * @default true
     */
    move?: boolean | undefined;
  }

  /** Numbers of connections since the first worker listened. */
  interface Figures {
    /** Accepted from the kernel. */
    accepted: number;
    /** Taken by a worker, as far as is known yet. */
    taken: number;
    /** Taken back from the queue of a worker that was stuck, left or died. */
    takenBack: number;
    /** Given back by a worker that could not serve them, or is drained. */
    givenBack: number;
    /** Closed, because no server for them was left. */
    closed: number;
    /** In the queues of workers now. */
    queued: number;
    /** In the primary now, because no worker can take them. */
    waiting: number;
  }
}

type Builtin = typeof import('node:cluster');
// In newer versions of the types the module is the object, in older ones it has it as `default`.
type BuiltinCluster = Builtin extends { default: infer Default } ? Default : Builtin;

export = cluster;
