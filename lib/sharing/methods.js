'use strict';

// The methods of `cluster` for what is shared. Nothing is loaded before the first is called.

const { Object, arrays } = require('../primordials.js');
const { addHidden } = require('../hidden.js');

const NAMES = ['lead', 'lock', 'publish', 'store', 'subscribe'];

// While it can be read, see `lib/primary/index.js`.
if (process.permission) require('./index.js');

/**
 * Adds the methods.
 * @param {object} cluster
 * @param {(events: object) => object} open makes the way to the keeper, see `Keeper`
 * @param {() => 'json' | 'advanced'} serialization
 */
function addSharing(cluster, open, serialization) {
  let shared;
  const method = (name) => ({
    [name](...given) {
      const { share } = require('./index.js');
      shared ??= share(open, serialization(), cluster.isWorker);
      return shared[name](...given);
    },
  });
  addHidden(cluster, Object.assign({}, ...arrays.map(NAMES, method)));
}

module.exports = { addSharing };
