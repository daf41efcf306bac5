'use strict';

// What the processes of a cluster share: stores, locks, work that one of them does, messages between all.

const { Map, Set, nextTick } = require('../primordials.js');
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
  const keeper = makeKeeper((_, kind, ...about) => acts[kind](...about));
  const locks = new Locks(keeper);
  const topics = new Topics(keeper, serialization);
  const leads = new Set();
  let hasLeft = false; // the cluster

  const acts = {
    __proto__: null,

    message: (topic, message) => calledLater(() => topics.hear(topic, message)),

    change(number, type, key, ...value) {
      const { watch, decode } = watches.get(number) ?? {};
      if (!watch) return; // It has been closed.
      const change = value.length === 0 ? { type, key } : { type, key, value: decode(value[0]) };
      calledLater(() => watch.emit('change', change));
    },

    expired: (fence) => locks.expired(fence),

    lost(count) {
      const why =
        count === undefined ? 'there was no connection to the server' : 'this process has not read them in time';
      const text = `${count ?? 'Some'} messages of topics and changes of stores are lost: ${why}`;
      process.emitWarning(text, { code: 'CLUSTER_RS_LOST' });
      watches.forEach(({ watch }) => watch.emit('lost', count));
    },

    /** @param {Error} [closed] where it has not ended, but been closed */
    ended(closed) {
      const error = closed ?? errors.keeperGone();
      locks.loseAll(error);
      const had = topics.end();
      if (had && !hasLeft && !closed) process.emitWarning(`Subscriptions have ended: ${error.message}`);
      const open = [...watches.values()];
      watches.clear();
      for (const { watch } of open) {
        watch.close();
        if (!closed && watch.listenerCount('error') > 0) watch.emit('error', error);
      }
    },
  };

  const drain = () => stopAll(leads);
  const disconnect = () => {
    hasLeft = true;
    stopAll(leads);
    keeper.close();
  };
  if (isWorker) process.once('drain', drain).once('disconnect', disconnect);

  return {
    store(name, options) {
      const found = stores.get(name);
      if (found) {
        found.setOptions(options);
        return found;
      }
      const store = new Store(name, options, { keeper, watches, serialization });
      stores.set(name, store);
      return store;
    },
    lock: (name, options) => locks.lock(name, options),
    lead: (name, work) => new Lead(name, work, leads, (...asked) => locks.lock(...asked)),
    publish: (topic, message) => topics.publish(topic, message),
    subscribe: (topic, listener) => topics.subscribe(topic, listener),

    /** Ends all of it in this process. */
    async close() {
      process.off('drain', drain).off('disconnect', disconnect);
      await stopAll(leads);
      keeper.close();
    },
  };
}

/** An exception of the program's is an uncaught one, and keeps nobody else from what has come with it. */
function calledLater(call) {
  try {
    call();
  } catch (error) {
    nextTick(() => {
      throw error;
    });
  }
}

module.exports = { share };
