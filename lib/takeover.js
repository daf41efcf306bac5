'use strict';

// Makes the built-in `cluster` object ours. Everybody who has it, Node's own `net` and `dgram` included, sees the change.

const cluster = require('node:cluster');
const { syncBuiltinESMExports } = require('node:module');
const { Error, JSON, Object, Symbol } = require('./primordials.js');
const { binding, reason } = require('./native.js');
const { coded, noAddon, otherVersion } = require('./errors.js');
const { addHidden } = require('./hidden.js');
const { removePreload } = require('./preload.js');

// Where the primary tells a worker its descriptors; see `src/primary/process.rs`.
const VARIABLE = 'CLUSTER_RS_WORKER';

// Where the primary's JavaScript tells a worker what it wants of it; see `fork` in primary.js.
const WISHES = 'CLUSTER_RS_WISHES';

// Under this, the cluster object remembers that it has been taken over, whichever copy of the package did it.
const TAKEN = Symbol.for('cluster-rs');

/** Removes what the built-in module of a worker has left on `process` when Node started: it has no channel to serve. */
function removeBuiltinListeners() {
  for (const name of ['disconnect', 'internalMessage', 'error', 'message']) {
    const [first] = process.rawListeners(name);
    if (first) process.removeListener(name, first);
  }
}

/** What the primary has told this process, if it is a worker of ours. */
function takePlace() {
  const place = process.env[VARIABLE];
  if (place === undefined) return undefined;
  const wishes = JSON.parse(process.env[WISHES] ?? '{}');
  delete process.env[VARIABLE];
  delete process.env[WISHES];
  removePreload(process.env);
  const [channel, handoff, page, mode, protocol] = place.split(',');
  if (!binding) throw noAddon(reason);
  if (+protocol !== binding.protocol()) throw otherVersion();
  return { channel: +channel, handoff: +handoff, page: +page, advanced: mode === 'advanced', ...wishes };
}

/**
 * Takes over, unless that has happened or can't be.
 * @returns {string | undefined} why the built-in module serves instead
 */
function takeOver() {
  if (cluster[TAKEN]) return undefined;
  const place = takePlace();
  if (!binding) return reason;
  if (cluster.isWorker && !place) return 'this process is a worker of the built-in module';
  if (cluster.isPrimary && Object.keys(cluster.workers).length > 0) {
    throw coded(
      Error,
      'ERR_CLUSTER_RS_LATE',
      'The built-in cluster module has forked already: load cluster-rs first, for example with node -r cluster-rs/register',
    );
  }
  Object.defineProperty(cluster, TAKEN, { value: true });
  if (place) {
    const { id } = cluster.worker ?? { id: +process.env.NODE_UNIQUE_ID };
    delete process.env.NODE_UNIQUE_ID;
    if (cluster.worker) removeBuiltinListeners();
    const { setUpWorker } = require('./worker/index.js');
    setUpWorker(cluster, { ...place, id });
  } else {
    const { setUpPrimary } = require('./primary/index.js');
    setUpPrimary(cluster);
  }
  addHidden(cluster, { native: true });
  syncBuiltinESMExports();
  return undefined;
}

module.exports = { takeOver };
