'use strict';

// `cluster` in a worker (`lib/internal/cluster/child.js`).

const { JSON, Object, Set, arrays } = require('../primordials.js');
const { binding } = require('../native.js');
const { Channel, numbers } = require('../channel/index.js');
const { atExit } = require('../exit.js');
const { addHidden } = require('../hidden.js');
const requests = require('../channel/requests.js');
const { addSharing } = require('../sharing/methods.js');
const { Servers } = require('./servers.js');
const { Service } = require('./service.js');
const { leaveToPrimary } = require('./signals.js');
const { Worker, ownListener } = require('../worker_class.js');

const reports = process.env.WATCH_REPORT_DEPENDENCIES && require('../reports.js'); // Before there is somebody to report to.

// While it can be read, see `lib/primary/index.js`.
if (process.permission) ['health', 'moving', 'rebalancing'].map((name) => require(`./${name}.js`));

/**
 * Turns `cluster`, the built-in object, and `process` into those of a worker.
 * @param {object} cluster
 * @param {object} given what its primary has told it
 * @param {number} given.id `cluster.worker.id`
 * @param {number} given.channel descriptor of the channel
 * @param {number} given.handoff descriptor of the handoff socket
 * @param {number} given.page descriptor of the shared page
 * @param {boolean} given.advanced `serialization: 'advanced'`
 * @param {string} [given.key] what clients are recognised by, with sticky scheduling
 * @param {boolean} [given.rebalances] whether kept-alive connections that are idle leave this worker
 * @param {number} [given.place] the number of its place with a supervisor, if it is no spare
 * @param {string} [given.stopSignal] the signal that the program gets when it is drained, if it handles that
 * @param {string} [given.stopMessage] the message that it gets instead, if it listens for messages
 * @param {object} [given.withoutPrimary] how long it may take to finish without its primary, if it is to
 * @param {boolean} [given.hasAdmin] whether somebody asks for the program's own metrics
 * @param {boolean} [given.isSupervised] whether requests are to be counted, and signals are for the primary
 */
function setUpWorker(cluster, given) {
  const worker = new Worker({ id: given.id, process, state: 'online' });
  // What a worker says last is heard also by a primary that is busy.
  const channel = new Channel(process, { advanced: given.advanced, waits: true, patience: 10_000 });
  channel.serve(worker);
  let isExhausted = false; // as has been said
  let onLeaveNoted;
  let rebalancing;
  let ownPlace = given.place; // with a supervisor, if it is no spare

  const events = {
    ...channel.events,
    onanswer: (...answer) => servers.answer(...answer),
    ondisconnect: () => leave(true),
    onleavenoted: () => onLeaveNoted?.(),
    onresume: () => servers.resume(),
    ondrain: (moves, kept) => drain(moves === 1, JSON.parse(kept)),
    onconnection: (listener, fd, served, unwanted, queueTime) =>
      !service.movesFrom(listener) && servers.accept(listener, fd, served === 1, unwanted === 1, queueTime),
    onlameduck: () => process.emit('lameDuck'),
    onpromoted(number) {
      ownPlace = number;
      worker.emit('place', number);
    },
    onend: () => service.endNow(),
    onasked: () => rebalance().asked(),
    onexhausted() {
      if (isExhausted) return;
      isExhausted = true;
      process.emitWarning('Too many open files: this worker takes no connection until it has closed some', {
        code: 'CLUSTER_RS_EXHAUSTED',
      });
    },
  };
  const native = new binding.Worker(numbers.buffer, given.channel, given.handoff, given.page, events);
  // What comes from now on could not be served: it is for other workers.
  atExit(() => native.stopIntake());
  const servers = new Servers(worker, channel, native, given.isSupervised, {
    onlistening: () => service.begin(),
    onclient: () => service.noteWhatLasts(),
  });
  const end = native.channel; // Each look makes another object.
  const control = channel.open(end);
  if (reports) process.send = reports.filtered(process.send);
  if (given.isSupervised) {
    require('./heartbeat.js').setUp();
    require('./inspectable.js').setUp(worker);
    leaveToPrimary(['SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR2']);
  }
  if (given.withoutPrimary) require('./orphan.js').prepare(given.withoutPrimary, native);
  if (given.hasAdmin) require('./application_metrics.js').setUp();
  if (given.key !== undefined) {
    const { claimSessions } = require('./session_keys.js');
    claimSessions(given.key, (value) => native.claim(value));
  }
  if (given.isSupervised || given.rebalances) require('./awake.js').tellOfRequests(native);
  if (given.rebalances) rebalance().start();

  const onDisconnect = () => {
    worker.emit('disconnect');
    service.disconnected();
  };
  const own = { __proto__: null, message: ownListener(worker, 'message'), disconnect: onDisconnect };
  const service = new Service(worker, servers, native, given, { listener: own.message, release: releaseOwnListeners });
  const released = new Set(); // those of them that do not keep the worker alive any more
  keepAliveByListeners();
  process.once('disconnect', onDisconnect);

  /** Listeners keep the channel, and so the process, alive, also the worker's own. */
  function keepAliveByListeners() {
    end.keepAlive(false);
    process.on('newListener', (name) => {
      if (name in own) control.refCounted();
    });
    process.on('removeListener', (name, listener) => {
      if (name in own && !released.delete(listener)) control.unrefCounted();
    });
    control.refCounted(); // That for messages is there already.
  }

  /** Leaves it to the program's listeners alone. */
  function releaseOwnListeners() {
    for (const [name, listener] of Object.entries(own)) {
      if (!arrays.includes(process.listeners(name), listener) || released.has(listener)) continue;
      released.add(listener);
      control.unrefCounted();
    }
  }

  function tellLeaving(callback) {
    if (!process.connected) return; // Nobody is there to note it.
    onLeaveNoted = callback;
    channel.flush();
    native.leaving();
  }

  /** Closes all servers, then the channel. What the worker does of its own will, the primary has to know first. */
  function leave(isAsked) {
    worker.exitedAfterDisconnect = true;
    servers.closeAll(() => {
      if (!isAsked) tellLeaving(() => process.disconnect());
      else if (process.connected) process.disconnect();
    });
  }

  function rebalance() {
    const { Rebalancing } = require('./rebalancing.js');
    return (rebalancing ??= new Rebalancing(servers, native));
  }

  /** See `Service`. */
  function drain(moves, kept) {
    rebalancing?.stop();
    service.drain(moves, kept);
  }

  Object.assign(cluster, {
    isWorker: true,
    isMaster: false,
    isPrimary: false,
    Worker,
    worker,
    _getServer(...query) {
      [require('./draining.js'), require('./ending.js')]; // While there are descriptors to read them with.
      servers.getServer(...query);
    },
    // Node has called its own when it started; nobody should call it again.
    _setupWorker() {},
  });
  addHidden(cluster, { onRequest: requests.onRequest });
  addSharing(
    cluster,
    (keeperEvents) => {
      channel.flush(); // What has been said before is heard before.
      return native.keeper(keeperEvents);
    },
    () => (given.advanced ? 'advanced' : 'json'),
  );
  Object.defineProperty(worker, 'place', { get: () => ownPlace, configurable: true });
  addHidden(Worker.prototype, {
    health(check, options) {
      require('./health.js').health(this, check, options);
    },

    pin(socket) {
      require('./moving.js').pin(socket);
    },

    ready() {
      service.begin();
      channel.flush();
      native.ready();
    },
  });

  Worker.prototype.disconnect = function () {
    if (this.state !== 'disconnecting' && this.state !== 'destroying') {
      this.state = 'disconnecting';
      leave(false);
    }
    return this;
  };

  Worker.prototype.destroy = function () {
    if (this.state === 'destroying') return;
    this.exitedAfterDisconnect = true;
    if (!this.isConnected()) process.exit(0);
    this.state = 'destroying';
    tellLeaving(() => process.disconnect());
    process.once('disconnect', () => process.exit(0));
  };
}

module.exports = { setUpWorker };
