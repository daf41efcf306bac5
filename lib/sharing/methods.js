'use strict';

// The methods of `cluster` for what is shared. Nothing is loaded before the first is called.

const { Object, arrays } = require('../primordials.js');
const errors = require('../errors.js');
const { addHidden } = require('../hidden.js');

const NAMES = ['lead', 'lock', 'publish', 'store', 'subscribe'];

// While it can be read, see `lib/primary/index.js`.
if (process.permission) [require('./index.js'), require('./keeper.js'), require('../redis/keeper.js')];

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
      const { Keeper } = require('./keeper.js');
      shared ??= share((hear) => new Keeper(open, hear), serialization(), cluster.isWorker);
      return shared[name](...given);
    },
  });
  addHidden(cluster, {
    ...Object.assign({}, ...arrays.map(NAMES, method)),
    connect: (options) => connect(options, serialization(), cluster.isWorker),
  });
}

/** The same over a server for many hosts; see `cluster.connect` in `index.d.ts`. */
function connect(options, serialization, isWorker) {
  if (options === null || typeof options !== 'object') {
    throw errors.invalidArgument('options', 'of type object', options);
  }
  const { redis, prefix = 'cluster:' } = options;
  if (typeof prefix !== 'string') throw errors.invalidOption('options.prefix', 'of type string', prefix);
  const { share } = require('./index.js');
  const { RedisKeeper } = require('../redis/keeper.js');
  return share((hear) => new RedisKeeper(redis, prefix, hear), serialization, isWorker);
}

module.exports = { addSharing };
