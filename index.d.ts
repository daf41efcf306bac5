/// <reference types="node" />

// `cluster-rs` is the built-in module itself, taken over in place: its types are those of `@types/node`, whichever
// version of it (20 or later) the program uses, and the members below. The program sees these on `node:cluster` too.

import type { Serializable } from 'node:child_process';
import type { EventEmitter } from 'node:events';

declare module 'cluster' {
  interface Cluster {
    /**
     * Whether the Rust core serves. `false` where it can't run, so that the built-in module does, and the other members
     * are made of JavaScript, with weaker guarantees (`docs/fallback.md`); a warning with code `CLUSTER_RS_FALLBACK` has
     * said why.
     */
    readonly native: boolean;

    /**
     * A scheduling policy: a connection goes to the worker with the fewest connections, open or on their way; among
     * equals round robin decides. Also `NODE_CLUSTER_SCHED_POLICY=least`. In the primary only.
     */
    readonly SCHED_LEAST: number;

    /**
     * A scheduling policy: the same client comes to the same worker, by what `scheduling.key` says. A worker that comes
     * or goes moves only its share of the clients. Also `NODE_CLUSTER_SCHED_POLICY=sticky`, or `sticky:cookie:NAME` and
     * so on. In the primary only.
     */
    readonly SCHED_STICKY: number;

    /**
     * Has the program choose the worker for each connection (`SCHED_RR`, `SCHED_LEAST`, `SCHED_STICKY`). In the primary
     * only. Where it does not answer within `takeBackAfter`, because the primary is busy, round robin decides; so it
     * does where the worker that it names can't take a connection.
     * @param scheduler gives one of the workers, or nothing for the next in turn, at once; anything else, such as a
     *   promise, is an error with code `ERR_INVALID_RETURN_VALUE`, which like all that it throws is an uncaught
     *   exception. `null` gives the choice back to the policy.
     */
    setScheduler(
      scheduler:
        ((connection: cluster.ArrivingConnection, workers: Worker[]) => Worker | null | undefined | void) | null,
    ): void;

    /**
     * Keeps workers alive and replaces them without losing a request. What they run is said by `setupPrimary`. In the
     * primary only, once.
     * @throws with code `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE` or `ERR_OUT_OF_RANGE` for a wrong option, and
     *   `ERR_CLUSTER_RS_SUPERVISED` if there is a supervisor already
     */
    supervise(options?: cluster.SupervisorOptions): cluster.Supervisor;

    /**
     * Sends a message to all workers, and encodes it only once. In the primary only.
     * @param message what `worker.send` takes
     * @returns how many workers have taken it: those whose channel is open
     */
    broadcast(message: Serializable): number;

    /** What has become of the connections that were dispatched (not with `SCHED_NONE`) so far. In the primary only. */
    figures(): cluster.Figures;

    /**
     * Answers what the other side asks with {@link Worker.request}, in the primary and in workers. There is one handler
     * in a process; a later call replaces it.
     * @param handler gives the answer, or a promise of it. What it throws, or rejects with, is the error of the request:
     *   the other side gets its `name`, `message` and, if it is a string or number, `code`.
     */
    onRequest(handler: (message: any, worker: Worker) => unknown): void;

    /**
     * A store that all processes of the cluster see, kept in the memory of the primary (`docs/sharing.md`). One with the same
     * name is the same store. Options are its options from now on, whoever says them, if they are others than this process has
     * said before; without any it has those that it has, or the usual ones.
     *
     * What a worker asks for first, here or with the methods below, waits for a primary whose JavaScript is busy; to make a
     * store counts as that.
     * @throws with code `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE` or `ERR_OUT_OF_RANGE` for what is wrong
     */
    store<T = any>(name: string, options?: cluster.StoreOptions): cluster.Store<T>;

    /**
     * A lock, given in the order in which processes ask for it. It ends with its process, however that ends; a worker that
     * has only been disconnected keeps it.
     *
     * Rejects with code `ERR_CLUSTER_RS_LOCKED` where `wait` was not enough, with the reason of `signal` where that is
     * aborted before, and with those of {@link store} for wrong arguments.
     */
    lock(name: string, options?: cluster.LockOptions): Promise<cluster.Lock>;

    /**
     * Has `work` done in exactly one of the processes that ask for this, until that process ends, is drained or disconnected,
     * or calls `stop`: then the next begins, after the one before has finished or is dead. A leader has the lock of this name.
     * @param work is called when it is this process's turn, with a signal that is aborted when it is to stop, and the fence
     *   of this turn. What it returns is awaited before the next one begins; a process whose `work` has returned goes on
     *   being the leader until the signal is aborted. What it throws is an uncaught exception; where that is handled, another
     *   process has the next turn.
     */
    lead(name: string, work: (signal: AbortSignal, fence: number) => unknown): cluster.Lead;

    /**
     * Sends a message to all that have subscribed to this topic, in all processes of the cluster. Those of one sender come in
     * their order.
     * @param message what `worker.send` takes
     * @returns to how many processes it has gone
     */
    publish(topic: string, message: Serializable): Promise<number>;

    /**
     * Has `listener` called with each message of this topic, until this process ends or is disconnected. Fulfilled when none is missed any more. Messages that this
     * process does not read in time are lost; a warning with code `CLUSTER_RS_LOST` says how many.
     */
    subscribe(topic: string, listener: (message: any, topic: string) => void): Promise<cluster.Subscription>;

    /**
     * The same over a Redis or Valkey server (7 or later), for the processes of many hosts; `docs/sharing.md` says what
     * differs. It makes connections of its own, like that of the client, when they are first needed.
     *
     * Its methods reject with code `ERR_CLUSTER_RS_REDIS_AWAY` where the server can't be asked, or does not answer a request
     * within 5 seconds, and with the server's own error where it refuses something.
     * @throws with code `ERR_INVALID_ARG_TYPE` for wrong options
     */
    connect(options: cluster.ConnectOptions): cluster.Connection;
  }

  interface Worker {
    /**
     * Asks the other side, and resolves with the answer of its {@link Cluster.onRequest} handler. In the primary this
     * asks the worker; `cluster.worker.request` in a worker asks the primary. A side that has no handler yet, because it
     * is still loading, has 5 seconds from the first request to get one.
     *
     * Rejects with the handler's error, or with one of these codes: `ERR_CLUSTER_RS_TIMEOUT`,
     * `ERR_CLUSTER_RS_NO_HANDLER`, `ERR_CLUSTER_RS_WORKER_GONE`, `ERR_IPC_CHANNEL_CLOSED`.
     * @param message what `worker.send` takes
     */
    request(message: Serializable, options?: cluster.RequestOptions): Promise<any>;

    /**
     * Gives this worker no new connections until it is resumed; those on their way go to others. All else goes on. A
     * worker may be paused before it listens. Where all are paused, clients wait. With `SCHED_NONE`, and for UDP, only
     * before it listens. In the primary only.
     */
    pause(): Worker;

    /**
     * No new connections for this worker; it finishes what it has begun, and ends. Plain HTTP connections that are kept
     * alive go on at other workers between two requests, and their clients do not notice; others end with their next
     * answer. The worker's `process` emits `'drain'` first, for those who have long connections to close. In the end a
     * program that handles SIGTERM, or else SIGINT, gets that signal; otherwise its process exits with 0, when what it does
     * for clients after their answers is done. In the primary only.
     * @param options.move `false` if there is no worker to go on at: idle connections are closed then
     */
    drain(options?: { move?: boolean | undefined }): Worker;

    /**
     * Tells a supervisor with `waitReady` that this worker can do its work now. The primary's worker object and
     * `cluster` emit `'ready'`. In the worker only.
     */
    ready(): void;

    /**
     * Keeps a connection with this worker, for a program that has noted on the socket what belongs to its client, as
     * authentication of the connection does (NTLM, Negotiate). In the worker only.
     * @param socket `request.socket`
     */
    pin(socket: import('node:net').Socket): void;

    /**
     * The number of the place that this worker has with a supervisor: 0 and up, each once, as `NODE_APP_INSTANCE` is with
     * PM2. Who replaces it, after its death or in a reload, has the same; in a reload both have it until the old one has
     * ended. A spare has none until it takes a place: then `cluster.worker` emits `'place'` with the number. `undefined`
     * without a supervisor.
     */
    readonly place: number | undefined;
    /**
     * Only as `cluster.worker`. Has this worker checked again and again, from now on. It is ill while `check` throws, rejects,
     * gives `false`, or does not answer within `timeout` milliseconds. One that is ill gets no new connections, as long as
     * another is well; under a supervisor it is not ready before it is well, and is replaced if it stays ill (`illTimeout`).
     * The primary hears `'ill'` and `'well'`, by the worker and by `cluster`. The next check follows `interval` milliseconds
     * after the last one. A later call replaces this one.
     * @param options 5000 each, if they are not given
     */
    health(check: () => unknown, options?: { interval?: number | undefined; timeout?: number | undefined }): void;

    /** Undoes {@link pause}, at once. In the primary only. */
    resume(): Worker;

    /**
     * How much of the load this worker gets, in comparison with others: from 0.001 to 1000. In the primary only.
     * @default 1
     */
    weight: number;
  }

  interface ClusterSettings {
    /** How connections are dispatched. May be changed at any time. */
    scheduling?: cluster.Scheduling | undefined;
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
 * Loading it fails with code `ERR_CLUSTER_RS_LATE` if the built-in module has forked already, and with
 * `ERR_CLUSTER_RS_NO_ADDON` in a worker that can't load what its primary has loaded.
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
     * The policy by its name. It comes before `cluster.schedulingPolicy`, and may be changed later, except to and from
     * `none`. A wrong one is an error with code `ERR_INVALID_ARG_VALUE`.
     * @default 'rr'
     */
    policy?: 'rr' | 'least' | 'sticky' | 'none' | undefined;
    /**
     * What a client is recognised by with `sticky`: its address; or a header, a cookie, or a parameter in the URL of the
     * first HTTP request on the connection. A client without it gets the next worker in turn, and what that worker
     * gives out by `Set-Cookie`, or as `"NAME":"…"` at the start of an answer, brings it back there. A client that sends
     * nothing for a second goes by its address. A supervisor's worker has the clients of the one that it replaces.
     * @default 'ip'
     */
    key?: 'ip' | `header:${string}` | `cookie:${string}` | `query:${string}` | undefined;
    /**
     * For how many clients at the same time the primary waits until they have sent that. If there are more, the one that
     * has been waited for longest goes by its address. From 1 to 1048576.
     * @default 4096
     */
    maxUnidentified?: number | undefined;
    /**
     * Whether each worker gets a UDP socket of its own, so that the kernel spreads the datagrams by their senders'
     * addresses and ports.
     * @default false
     */
    spreadDatagrams?: boolean | undefined;
    /**
     * For how long a connection may wait in the queue of a worker before it goes to another that is free, in
     * milliseconds: a whole number, at least 1.
     * @default 20
     */
    takeBackAfter?: number | undefined;
    /**
     * For how long a connection may wait for a worker, in milliseconds: a whole number. One that has waited for longer is
     * answered with 503 and `Retry-After` if what its client has said is HTTP/1, and closed otherwise. 0 is for ever.
     * @default 0
     */
    maxWait?: number | undefined;
    /**
     * Whether kept-alive connections go, between two requests, where their clients wait least: away from workers that
     * are stuck again and again, to workers that have joined, and into the primary while their clients say nothing for
     * seconds. The variable `CLUSTER_RS_REBALANCE`, `1` or `0`, says it for programs that do not.
     * @default false, and true with a supervisor
     */
    rebalance?: boolean | undefined;
  }

  /** How many workers there may be, by load. */
  interface WorkerRange {
    /** A whole number, at least 1. */
    min: number;
    /** At least as many; `'max'` is one for each core, or `min`, if there are fewer cores. */
    max: number | 'max';
  }

  /** The options of {@link Cluster.supervise}. Times are in milliseconds, memory in bytes; 0 means never, except for delays. */
  interface SupervisorOptions {
    /**
     * How many workers; `'max'` is one for each core (`os.availableParallelism()`). With a range there are `min` at first,
     * and as many as the load wants from then on.
     * @default 'max'
     */
    workers?: number | 'max' | WorkerRange | undefined;
    /**
     * After how long a time of calm there is one worker fewer, where `workers` is a range; with 0 there never is.
     * @default 60000
     */
    scaleDownAfter?: number | undefined;
    /**
     * Variables for the workers, beside those of the primary. A function is called for each worker that is started, so
     * that a reload can bring others, with the number of its place; a spare has none.
     */
    env?: NodeJS.ProcessEnv | ((place?: number) => NodeJS.ProcessEnv) | undefined;
    /**
     * Whether a worker is ready when it calls `cluster.worker.ready()` or `process.send('ready')`, and not when it listens
     * first.
     * @default false
     */
    waitReady?: boolean | undefined;
    /**
     * After how long a worker counts as ready, though it neither listens nor says so; with 0 it does not. For programs that
     * do not listen.
     * @default 0
     */
    readyAfter?: number | undefined;
    /**
     * How long a worker may take to get ready. One that takes longer is ended.
     * @default 30000
     */
    startTimeout?: number | undefined;
    /**
     * See {@link Scheduling.rebalance}.
     * @default true
     */
    rebalance?: boolean | undefined;
    /**
     * How many workers are replaced at a time.
     * @default 1
     */
    step?: number | undefined;
    /**
     * How long a worker may take to finish what it has begun. Then it gets `stopSignal`. With 0 it may take as long as it
     * does. Whoever stops the primary has to wait for longer than this and `killTimeout` together.
     * @default 7000
     */
    gracePeriod?: number | undefined;
    /**
     * The signal that tells a worker to end when it has no connection left, if it handles that signal; otherwise it exits
     * with code 0. It is also what it gets after `gracePeriod`.
     * @default SIGTERM if the worker handles it, or else SIGINT; SIGTERM after `gracePeriod`
     */
    stopSignal?: 'SIGTERM' | 'SIGINT' | 'SIGQUIT' | 'SIGHUP' | 'SIGUSR2' | undefined;
    /**
     * A message that tells a worker to end instead of `stopSignal`, if it listens for messages.
     * @default none
     */
    stopMessage?: string | undefined;
    /**
     * How long after `gracePeriod` a worker gets SIGKILL; with 0 it does not.
     * @default 2000
     */
    killTimeout?: number | undefined;
    /**
     * How long the second start in a row waits: the first is at once, and each further one waits twice as long.
     * @default 100
     */
    minDelay?: number | undefined;
    /**
     * How long a start waits at most. A worker that has been ready and lived for so long begins anew.
     * @default 15000
     */
    maxDelay?: number | undefined;
    /**
     * So many starts that have failed within `deathsWithin` are too many for one place: the worker ended before it was
     * ready, or before it was as old as `maxDelay`. When that is so in all places, and no worker is in service, none is
     * started any more until there is a reload or restart, and `'giveUp'` is emitted. As long as one is in service, starts
     * are tried every `maxDelay`.
     * @default 10
     */
    maxDeaths?: number | undefined;
    /** @default 60000 */
    deathsWithin?: number | undefined;
    /**
     * Whether the primary then ends the workers and exits with code 1.
     * @default false
     */
    exitOnGiveUp?: boolean | undefined;
    /**
     * After how long a worker whose event loop does not go on is told of by `'hang'`. It is not asked for that.
     * @default 0
     */
    hangTimeout?: number | undefined;
    /**
     * Whether it is then replaced.
     * @default false
     */
    replaceHung?: boolean | undefined;
    /**
     * Whether `'hang'` and `status()` say in which line. The stack is taken through Node's inspector, which is opened for a
     * moment, by SIGUSR1, on a port of 127.0.0.1 that the system chooses; a program with a listener for SIGUSR1 is left alone.
     * Needs `hangTimeout`.
     * @default false
     */
    hangReport?: boolean | undefined;
    /**
     * After how long a worker that says it is ill is replaced, see {@link Worker.health}.
     * @default 0
     */
    illTimeout?: number | undefined;
    /**
     * With how much resident memory a worker is replaced: 32 MiB at least. Looked at every second, as are the next two.
     * @default 0
     */
    maxMemory?: number | undefined;
    /**
     * After how long a worker is replaced.
     * @default 0
     */
    maxAge?: number | undefined;
    /**
     * After how many HTTP requests a worker is replaced.
     * @default 0
     */
    maxRequests?: number | undefined;
    /**
     * Where to answer `/metrics` for Prometheus, `/live` and `/ready` for Kubernetes, and `/` for people: a port of 127.0.0.1, `'HOST:PORT'`
     * with an IP address, or the path of a Unix socket, with a `/` in it. A thread answers, also while the primary is busy.
     * @default none
     */
    admin?: number | string | undefined;
    /**
     * How many workers have loaded the program and wait, to take the place of one that dies at once.
     * @default 0
     */
    spares?: number | undefined;
    /**
     * Whether SIGTERM and SIGINT stop the workers (at once, when one of them comes again) and then this process, and
     * those of `reloadSignals` reload.
     * @default true
     */
    signals?: boolean | undefined;
    /**
     * Which signals reload. SIGHUP and SIGUSR2 stop, where they are not among them.
     * @default both; none if a standard stream is a terminal, where SIGHUP says that it is closed
     */
    reloadSignals?: ('SIGHUP' | 'SIGUSR2')[] | undefined;
    /**
     * For how long the workers go on to accept when they are to stop, by SIGTERM or `stop()`. The event `'lameDuck'` is
     * emitted at once, and on `process` in each worker, for those who tell a load balancer that they are not ready.
     * @default 0
     */
    lameDuck?: number | undefined;
    /**
     * Whether workers finish the requests that they have when the primary is gone, however it has ended, instead of ending at
     * once. Their addresses are free for the next primary meanwhile. They take at most `gracePeriod` and `killTimeout`, of
     * which each is an hour where it is 0.
     * @default false
     */
    finishWithoutPrimary?: boolean | undefined;
  }

  /** What a worker of a supervisor does. */
  interface WorkerStatus {
    id: number;
    pid: number;
    /** See {@link Worker.place}. */
    place: number | undefined;
    /** `'ill'` is one in service that says so of itself, see {@link Worker.health}. */
    state: 'starting' | 'ready' | 'ill' | 'spare' | 'draining';
    /** Why it is ill. */
    ill: string | undefined;
    /** Where it hangs, with `hangReport`, as long as it does. */
    stack: StackFrame[] | undefined;
    /** Milliseconds. */
    uptime: number;
    /** That are open, and came through the dispatcher. */
    connections: number;
    /** HTTP requests since it started. */
    requests: number;
    /** By how many milliseconds its event loop was late lately. */
    lag: number;
    /** Percent of a core, since this was last asked. */
    cpu: number;
    /** Resident memory in bytes. */
    memory: number;
    /** How often a worker in its place had died. */
    restarts: number;
    /** How long its connections have waited for it. */
    listeners: ListenerFigures[];
  }

  /** A place in a program; lines and columns count from 1. */
  interface StackFrame {
    /** Empty for a function without a name. */
    functionName: string;
    /** A path, or the name of a module of Node's: `node:events`. */
    file: string;
    line: number;
    column: number;
  }

  /** Where a worker hangs, the innermost function first; or why that can't be said (`ERR_CLUSTER_RS_NOT_INSPECTED`). */
  interface HangReport {
    stack?: StackFrame[];
    error?: Error;
  }

  /**
   * The events of a {@link Supervisor}, with their arguments. Each is a message on `diagnostics_channel`, too:
   * `cluster-rs.EVENT`, with the supervisor and the arguments by their names.
   */
  interface SupervisorEvents {
    /** All workers are in service for the first time. */
    ready: [];
    /** A worker is in service. */
    workerReady: [worker: Worker];
    /**
     * A worker has not started: `error` says why. If it has not got ready in time, it is ended, and its `death` follows. If
     * there could be no process, another is tried `delay` milliseconds later, if at all; where `cluster.fork()` has
     * thrown, there is no `worker` either.
     */
    startFailed: [worker: Worker | undefined, error: Error, delay: number | undefined];
    /** A worker, or a spare, has died; `delay` is how many milliseconds later another is started, if at all. */
    death: [worker: Worker, code: number | null, signal: NodeJS.Signals | null, delay: number | undefined];
    /** No worker is in service, and so many starts (`maxDeaths`) have failed in each place: no more are tried. */
    giveUp: [failures: number];
    /** A worker's event loop has not gone on for so many milliseconds. With `hangReport`, `report` says where. */
    hang: [worker: Worker, stuckFor: number, report: HangReport | undefined];
    /** A worker says that it is ill, see {@link Worker.health}. */
    ill: [worker: Worker, reason: string];
    /** A worker that was ill is well. */
    well: [worker: Worker];
    /**
     * A worker is going to be replaced; with `disconnect` it has closed its channel, and lives on; with `leaving` it has got
     * SIGTERM, or wants to leave for a reason of its own.
     */
    replace: [worker: Worker, reason: 'hang' | 'ill' | 'disconnect' | 'leaving' | 'memory' | 'age' | 'requests'];
    /** How far a reload has got. */
    reload: [done: number, of: number];
    /** How far a restart has got. */
    restart: [done: number, of: number];
    /** A reload is done. */
    reloaded: [];
    /** A reload has failed, for the reason that its promise rejects with. */
    reloadFailed: [error: Error];
    /** The load has changed the number of workers; `reason` is for people: `'connections have waited 35 ms'`. */
    scaled: [from: number, to: number, reason: string];
    /**
     * The load wants so many workers in vain, because memory is short or new ones do not start; `reason` is for people. As
     * long as memory is short, it is said once.
     */
    notScaled: [wanted: number, reason: string];
    /** Another primary is starting, see {@link Supervisor.upgrade}. */
    upgrade: [];
    /** In the new primary: it has taken over. */
    tookOver: [];
    /** The new primary serves, and all workers of this one have ended. */
    upgraded: [pid: number];
    /** An upgrade has failed, for the reason that its promise rejects with. */
    upgradeFailed: [error: Error];
    /** The workers are going to be ended in so many milliseconds, and accept until then. */
    lameDuck: [time: number];
    /** The workers are about to be ended. */
    stop: [];
  }

  /** What {@link Supervisor.upgrade} starts. */
  interface UpgradeCommand {
    /** The program, as a rule Node. Without it, the Node of this process. */
    execPath?: string | undefined;
    /** Its arguments: those of Node, the program's file, and the program's own. Without them, those of this process. */
    args?: string[] | undefined;
    /** Where it runs. Without it, where this process does. */
    cwd?: string | undefined;
    /** How its variables are different from those of this process; `undefined` where it is to have none. */
    env?: Record<string, string | undefined> | undefined;
  }

  /** What {@link Cluster.supervise} gives. */
  interface Supervisor extends EventEmitter {
    /** How many workers there are to be. */
    readonly size: number;
    /** Those in service. */
    readonly workers: Worker[];
    /** Those that wait for a place. */
    readonly spares: Worker[];
    /** Where the admin port is: `127.0.0.1:9464`, or a path. */
    readonly admin: string | undefined;
    /**
     * Replaces all workers: a new one has to be ready before an old one is drained. Calls that come while a reload goes
     * on are one more reload after it.
     * @returns rejects with code `ERR_CLUSTER_RS_RELOAD_FAILED` if a new worker does not start; the old ones stay then
     */
    reload(): Promise<void>;
    /**
     * Starts another primary, which takes over the sockets and connections when its workers are ready; those of this one
     * finish what they have. Then this process is to end: it does so by itself, unless `signals` is `false`.
     * @param command what is started instead of what this process was started with
     * @returns the new primary's process id, when all workers of this one have ended. Rejects with code
     * `ERR_CLUSTER_RS_UPGRADE_FAILED` if it does not start or dies meanwhile, and this one serves then; with
     * `ERR_CLUSTER_RS_UPGRADING` if another upgrade goes on
     */
    upgrade(command?: UpgradeCommand): Promise<number>;
    /**
     * Ends each worker before another is started in its place; clients wait meanwhile.
     * @returns rejects with code `ERR_CLUSTER_RS_START_FAILED` if a new one does not start
     */
    restart(): Promise<void>;
    /**
     * Changes the number of workers. A number stays as it is from then on; with a range it is brought into that, and follows
     * the load. Fulfilled when the new ones are ready, or those too many have ended.
     * @returns rejects with code `ERR_CLUSTER_RS_START_FAILED` if a new one does not start; their number stays then
     */
    scale(workers: number | 'max' | WorkerRange): Promise<void>;
    /**
     * Drains all workers, and closes what they listened on. Fulfilled when they have ended.
     * @param options.lameDuck `false` to begin at once, whatever the option of the supervisor says
     */
    stop(options?: { lameDuck?: boolean | undefined }): Promise<void>;
    /** Ends all workers by SIGKILL. */
    killAll(): void;
    /** What each worker does, in the order of their ids. */
    status(): WorkerStatus[];
    on<E extends keyof SupervisorEvents>(event: E, listener: (...about: SupervisorEvents[E]) => void): this;
    once<E extends keyof SupervisorEvents>(event: E, listener: (...about: SupervisorEvents[E]) => void): this;
    off<E extends keyof SupervisorEvents>(event: E, listener: (...about: SupervisorEvents[E]) => void): this;
  }

  /** A connection that a worker is to be chosen for. Without addresses it came through a Unix socket. */
  interface ArrivingConnection {
    remoteAddress?: string;
    remotePort?: number;
    localAddress?: string;
    localPort?: number;
  }

  /** The options of {@link Worker.request}. */
  interface RequestOptions {
    /** After how many milliseconds the request is given up. Without it, it waits until the other side has gone. */
    timeout?: number | undefined;
  }

  /** The options of {@link Cluster.connect}. */
  interface ConnectOptions {
    /** A client of the package `redis` (`createClient`) or `ioredis` (`new Redis`, for sentinels, too), connected or not. */
    redis: object;
    /** What all keys and channels begin with; `cluster:`, if nothing is said. */
    prefix?: string | undefined;
  }

  /** What many hosts share. Made by {@link Cluster.connect}. */
  interface Connection extends Pick<Cluster, 'store' | 'lock' | 'lead' | 'publish' | 'subscribe'> {
    /**
     * Has the work of {@link Cluster.lead} stop here, ends watches and subscriptions, aborts the signals of locks, and closes
     * the connections. On the server, locks end with their leases, or their `ttl`.
     */
    close(): Promise<void>;
  }

  /** The options of {@link Cluster.store}. */
  interface StoreOptions {
    /** How many entries it holds at most; as many as `maxBytes` allows, if nothing is said. */
    maxEntries?: number | undefined;
    /** How much it holds at most: keys, values as JSON, and 100 for each entry, in bytes. 64 MiB, if nothing is said. */
    maxBytes?: number | undefined;
    /** How long an entry lives from when it is set, in milliseconds, if that does not say otherwise; for ever, if nothing is said. */
    ttl?: number | undefined;
    /**
     * What happens when it is full: `'evict'` (the default) lets go what has not been used for longest; `'refuse'` has what
     * needs more room rejected with code `ERR_CLUSTER_RS_STORE_FULL`.
     */
    full?: 'evict' | 'refuse' | undefined;
  }

  /** How long an entry lives, in milliseconds; `Infinity` for ever. As its store says, if nothing is said. */
  interface EntryOptions {
    ttl?: number | undefined;
  }

  /**
   * Entries by key, made by {@link Cluster.store}. Each method is one step that no other process sees half done. Keys are
   * well-formed strings; values are what messages are: JSON, or with `serialization: 'advanced'` what structured clone
   * takes. Each process reads what any other has stored.
   *
   * All reject with `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_MISSING_ARGS` or `ERR_OUT_OF_RANGE` for wrong
   * arguments, and with `ERR_CLUSTER_RS_KEEPER_GONE` when the primary has gone; those that set something reject with
   * `ERR_CLUSTER_RS_STORE_FULL` where there is no room for it, and with `ERR_CLUSTER_RS_MESSAGE_TOO_LARGE` for more than
   * 512 MiB; those that read something reject with `ERR_CLUSTER_RS_ANSWER_TOO_LARGE` for more than 510 MiB, and with
   * `ERR_CLUSTER_RS_NOT_READABLE` for values that another program has stored.
   */
  interface Store<T = any> {
    readonly name: string;
    /** The value; `undefined` if there is none. */
    get(key: string): Promise<T | undefined>;
    /** The values of these keys, in their order. */
    getMany(keys: readonly string[]): Promise<(T | undefined)[]>;
    has(key: string): Promise<boolean>;
    /** For how many milliseconds an entry still lives; `Infinity` for ever, `undefined` if there is none. */
    ttl(key: string): Promise<number | undefined>;
    set(key: string, value: T, options?: EntryOptions): Promise<void>;
    /** Sets what is not there; whether it was not. */
    add(key: string, value: T, options?: EntryOptions): Promise<boolean>;
    /**
     * Adds to a whole number, which is 0 where there is none, and gives the sum. The time counts only where there was none.
     * Rejects with `ERR_CLUSTER_RS_NOT_A_NUMBER` where the value is none, or would be no safe integer.
     */
    incr(key: string, by?: number, options?: EntryOptions): Promise<number>;
    /**
     * Sets the value if it is `expected`, with the same JSON and serialization; whether it was. `undefined` stands for no entry, in either place.
     */
    compareAndSet(key: string, expected: T | undefined, value: T | undefined, options?: EntryOptions): Promise<boolean>;
    /** Has an entry live for this time from now on; whether there is one. */
    touch(key: string, options?: EntryOptions): Promise<boolean>;
    /** Whether there was one. */
    delete(key: string): Promise<boolean>;
    size(): Promise<number>;
    clear(): Promise<void>;
    /** All keys that begin so. */
    keys(prefix?: string): Promise<string[]>;
    /** What becomes of the entries whose keys begin so, from when `ready` is fulfilled. */
    watch(prefix?: string): Watch<T>;
  }

  /** What has become of an entry. */
  type Change<T = any> =
    { type: 'set'; key: string; value: T } | { type: 'delete' | 'expire' | 'evict'; key: string; value?: undefined };

  /**
   * Emits `'change'` with each {@link Change}, `'lost'` with how many have not been read in time, `'error'`, if somebody
   * listens to it, when the primary has gone, and `'close'`. What a slow `for await` has not read is kept up to 8 MiB, and
   * `'lost'` tells of the rest. Made by {@link Store.watch}.
   */
  interface Watch<T = any> extends EventEmitter, AsyncIterable<Change<T>> {
    /** Fulfilled when none is missed any more. */
    readonly ready: Promise<void>;
    close(): void;
  }

  /** The options of {@link Cluster.lock}. Times are in milliseconds. */
  interface LockOptions {
    /** For how long it may be held; until it is released, if nothing is said. */
    ttl?: number | undefined;
    /** For how long to wait for it, 0 not at all; for as long as it takes, if nothing is said. */
    wait?: number | undefined;
    /** Ends the waiting. */
    signal?: AbortSignal | undefined;
  }

  /** A lock that this process has. Made by {@link Cluster.lock}. */
  interface Lock extends AsyncDisposable {
    readonly name: string;
    /**
     * A number that is larger than that of whoever had this lock before. What the lock protects can refuse those who come
     * with a smaller one than it has seen.
     */
    readonly fence: number;
    /** Aborted when it is lost: when its `ttl` is over, or the primary has gone. */
    readonly signal: AbortSignal;
    /**
     * Lets the next have it; whether this process still had it. Over Redis it may be called again where it is rejected with
     * code `ERR_CLUSTER_RS_REDIS_AWAY`.
     */
    release(): Promise<boolean>;
  }

  /** Made by {@link Cluster.lead}. */
  interface Lead {
    /** Whether it is this process that does the work. */
    readonly isLeader: boolean;
    /** The fence of this turn, larger than that of each before it; `undefined` while it is the turn of others. */
    readonly fence: number | undefined;
    /**
     * Has the work stop here, and another process do it. Fulfilled when it has stopped: work that awaits this itself never
     * does.
     */
    stop(): Promise<void>;
  }

  /** Made by {@link Cluster.subscribe}. */
  interface Subscription {
    readonly topic: string;
    unsubscribe(): Promise<void>;
  }

  /** Numbers of connections since the first worker listened. */
  interface Figures {
    /** Accepted from the kernel. */
    accepted: number;
    /** Taken by a worker, as far as is known yet. */
    taken: number;
    /** Taken back from the queue of a worker that was stuck, left or died. */
    takenBack: number;
    /** Given back by a worker that could not serve them. */
    givenBack: number;
    /** Given back by a worker between two requests, to be parked. */
    moved: number;
    /** Between two requests, and waiting in the primary for their clients to speak. */
    parked: number;
    /**
     * Closed: no server for them was left, they had waited too long, or, while they were parked, their clients hung up
     * or their idle time was over.
     */
    closed: number;
    /** Those of the closed that had to make room while they were parked, for want of descriptors. */
    evicted: number;
    /** Those of the closed that had waited for longer than `scheduling.maxWait`, and were refused. */
    shed: number;
    /** In the queues of workers now. */
    queued: number;
    /** In the primary now, because no worker can take them. */
    waiting: number;
    /** How long connections have waited for a worker, for each listener. */
    listeners: ListenerFigures[];
  }

  /** How long the connections of a listener have waited. */
  interface ListenerFigures {
    /** Where it listens: an address, or the path of a Unix socket; nothing for a descriptor. */
    address?: string | undefined;
    port?: number | undefined;
    /**
     * From when a connection was accepted, or its client spoke again after it had been parked, until a worker has taken
     * it.
     */
    queueTime: {
      /** How many connections. One that moves counts each time. */
      count: number;
      /** Of all times, in milliseconds. */
      sum: number;
      /** How many took up to so many milliseconds, and longer than those before; the last one is up to `Infinity`. */
      buckets: { upTo: number; count: number }[];
    };
  }
}

type Builtin = typeof import('node:cluster');
// In newer versions of the types the module is the object, in older ones it has it as `default`.
type BuiltinCluster = Builtin extends { default: infer Default } ? Default : Builtin;

export = cluster;
