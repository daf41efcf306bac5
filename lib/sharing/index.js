'use strict';

// What the processes of a cluster share: stores, locks, work that one of them does, messages between all.

const { Map, Set } = require('../primordials.js');
const errors = require('../errors.js');
const { Lead, stopAll } = require('./leader.js');
const { Locks } = require('./lock.js');
const { Store } = require('./store.js');
const { Topics } = require('./topics.js');
const { serializations } = require('./values.js');

/**
 * What this process has of it.
 * @param {(hear: Function) => import('./keeper.js').Keeper} makeKeeper makes what has it, or asks for it
 * @param {'json' | 'advanced'} serializationName how values become text
 * @param {boolean} isWorker
 * @returns {object} methods for `cluster`, see `index.d.ts`
 */
function share(makeKeeper, serializationName, isWorker) {
  const serialization = serializations[serializationName];
  const stores = new Map();
  const watches = new Map(); // by number
  const keeper = makeKeeper(hear);
  const locks = new Locks(keeper);
  const topics = new Topics(keeper, serialization);
  const leads = new Set();
  let hasLeft = false; // the cluster

  const acts = {
    __proto__: null,

    message: (topic, message) => topics.hear(topic, message),

    change: (number, ...change) => watches.get(number)?.hear(...change), // It may have been closed.

    expired: (fence) => locks.expired(fence),

    lost(count) {
      warnOfLoss(count);
      watches.forEach((watch) => watch.lose(count));
    },

    /** @param {Error} [closed] where it has not ended, but been closed */
    ended(closed) {
      const error = closed ?? errors.keeperGone();
      locks.loseAll(error);
      const had = topics.end();
      if (had && !hasLeft && !closed) process.emitWarning(`Subscriptions have ended: ${error.message}`);
      const open = [...watches.values()];
      watches.clear();
      for (const watch of open) {
        if (closed) watch.close();
        else watch.fail(error);
      }
    },
  };

  /** What can't be read is passed over: nobody has asked for it. */
  function hear(_, kind, ...about) {
    try {
      acts[kind](...about);
    } catch (error) {
      if (error?.code !== 'ERR_CLUSTER_RS_NOT_READABLE') throw error;
      process.emitWarning(error);
    }
  }

  /** What has begun may still ask: others begin it when it has stopped here, or with the end of this process. */
  async function leave() {
    hasLeft = true;
    topics.end();
    for (const watch of [...watches.values()]) watch.close();
    if (keeper.lasts) keeper.leave();
    await stopAll(leads);
    if (!keeper.lasts) keeper.close();
  }

  const drain = () => stopAll(leads);
  if (isWorker) process.once('drain', drain).once('disconnect', leave);

  return {
    store(name, options) {
      const found = stores.get(name);
      if (found) {
        found.setOptions(options);
        return found;
      }
      const store = new Store(name, options, { keeper, watches, warn: warnOfLoss, serialization });
      stores.set(name, store);
      return store;
    },
    lock: (name, options) => locks.lock(name, options),
    lead(name, work) {
      const lead = new Lead(name, work, leads, (...asked) => locks.lock(...asked));
      if (hasLeft) lead.stop();
      return lead;
    },
    publish: (topic, message) => topics.publish(topic, message),
    subscribe: (topic, listener) => topics.subscribe(topic, listener),

    /** Ends all of it in this process. */
    async close() {
      process.off('drain', drain).off('disconnect', leave);
      await stopAll(leads);
      keeper.close();
    },
  };
}

function warnOfLoss(count) {
  const why = count === undefined ? 'there was no connection to the server' : 'this process has not read them in time';
  const text = `${count ?? 'Some'} messages of topics and changes of stores are lost: ${why}`;
  process.emitWarning(text, { code: 'CLUSTER_RS_LOST' });
}

module.exports = { share };
