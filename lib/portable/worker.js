'use strict';

// `cluster` in a worker of the portable layer: the built-in module, with what a program has beyond it.

const { performance } = require('node:perf_hooks');
const { Object, Reflect, arrays, setInterval } = require('../primordials.js');
const { activeHandles } = require('../handles.js');
const { addHidden } = require('../hidden.js');
const requests = require('../channel/requests.js');
const heartbeat = require('../worker/heartbeat.js');
const inspectable = require('../worker/inspectable.js');
const { addSharing } = require('../sharing/methods.js');
const { Service } = require('../worker/service.js');
const { leaveToPrimary } = require('../worker/signals.js');
const { listen, tell } = require('./control.js');
const { Servers } = require('./servers.js');

const { eventLoopUtilization } = performance;

/**
 * Adds to `cluster`, the built-in object in a worker.
 * @param {object} cluster
 * @param {object} wishes what the primary wants of this worker, see `setUpWorker` in `lib/worker/index.js`
 */
function setUpWorker(cluster, wishes) {
  const { Worker, worker } = cluster;
  const { isSupervised } = wishes;
  let ownPlace = wishes.place;
  const [builtinListener] = process.listeners('message');
  let way; // to the keeper: its number, and who hears what comes on it

  const servers = new Servers((server) => {
    service.begin();
    if (isSupervised && server._handle.fd >= 0) tellOfServer(server);
  });
  const native = {
    isGivingBack: false,
    hasQueued: false,
    leaving: () => tell(process, 'leaving'),
  };
  const service = new Service(worker, servers, native, wishes, {
    listener: builtinListener,
    channel: arrays.find(activeHandles().handles, (handle) => 'pendingHandle' in handle),
    release() {}, // The built-in module's own ends with the process.
  });

  if (wishes.withoutPrimary) {
    require('../worker/orphan.js').prepare(wishes.withoutPrimary, native);
    const [builtin] = process.rawListeners('disconnect'); // It ends the process.
    process.removeListener('disconnect', builtin);
    process.once('disconnect', () => {
      worker.emit('disconnect');
      service.disconnected();
    });
  }

  /** One that the primary does not know of. */
  function tellOfServer(server) {
    const bound = server.address();
    if (bound === null || typeof bound !== 'object') return;
    const { address, family, port } = bound;
    tell(process, 'listening', { addressType: family === 'IPv6' ? 6 : 4, address, port });
  }

  function tellFigures() {
    const { requests, lag } = heartbeat.read();
    const { system, user } = process.cpuUsage();
    const memory = process.memoryUsage.rss();
    const { idle } = Reflect.apply(eventLoopUtilization, performance, []);
    tell(process, 'figures', { connections: servers.open, requests, lag, cpu: (system + user) / 1e6, memory, idle });
  }

  listen(
    process,
    {
      // Connections can't move: each ends with its next answer, or when its client has said nothing for a while.
      drain: (moves) => service.drain(moves, []),
      end: () => service.endNow(),
      replies: (text) => way?.ontext(text),
      repliesEnd: (number) => number === way?.number && way.onended(),
      lameDuck: () => process.emit('lameDuck'),
      promoted(number) {
        ownPlace = number;
        worker.emit('place', number);
      },
    },
    (message) => requests.receive(worker, message),
  );
  if (isSupervised) {
    heartbeat.setUp();
    inspectable.setUp(worker);
    setInterval(tellFigures, heartbeat.BEAT).unref();
    tellFigures();
    leaveToPrimary(['SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR2']);
  }

  addHidden(cluster, { onRequest: requests.onRequest });
  addSharing(
    cluster,
    (keeperEvents) => {
      const number = (way?.number ?? 0) + 1;
      way = { number, ...keeperEvents };
      // It ends with the channel.
      if (number === 1) process.once('disconnect', () => way.onended());
      return {
        send(text) {
          tell(process, 'ask', text, number);
          return process.connected ? 0 : -1;
        },
        keepAlive() {},
        close() {},
      };
    },
    () => (wishes.isAdvanced ? 'advanced' : 'json'),
  );
  Object.defineProperty(worker, 'place', { get: () => ownPlace, configurable: true });
  addHidden(Worker.prototype, {
    request: requests.request,

    health(check, options) {
      require('../worker/health.js').health(this, check, options);
    },

    /** Connections stay where they are in any case. */
    pin() {},

    ready() {
      service.begin();
      tell(process, 'ready');
    },
  });
}

module.exports = { setUpWorker };
