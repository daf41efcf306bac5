'use strict';

/**
 * All experiments, in the order of the table. Each has
 *
 * - `name`, for `--only`;
 * - `ways`, what is measured in turns, by a name that its rows use;
 * - `sample(way)`, which measures once. Nothing where this way does not exist;
 * - `operation`, if `cpu` of a sample is the CPU time of primary and of workers for one of these, in microseconds;
 * - `absent`, in words, where this package may not have what is measured yet;
 * - `rows`, what the samples tell. Each has `name`, `unit`, `what` (in a sentence), `value(sample, round)`, and
 *   `wanted` (`atLeast` or `atMost`) of our figure's ratio to that of the way `against`, or of its `difference` or the
 *   `value` itself, as `by` says. `columns` says which way stands in a column where that isn't the one of its name, and
 *   `basis` what is compared with, in words, where that isn't a column.
 */
const experiments = [
  require('./connections.js'),
  require('./handoffs.js'),
  require('./kept_alive.js'),
  ...require('./kept_alive_stalls.js'),
  require('./kept_alive_join.js'),
  require('./kept_alive_idle.js'),
  require('./logs.js'),
  require('./busy_primary.js'),
  require('./busy_worker.js'),
  require('./stopped_worker.js'),
  require('./spread.js'),
  require('./many_workers.js'),
  ...require('./small_messages.js'),
  require('./large_messages.js'),
  require('./round_trips.js'),
  require('./echo.js'),
  ...require('./advanced_messages.js'),
  ...require('./advanced_echoes.js'),
  require('./broadcast.js'),
  require('./forks.js'),
  require('./memory.js'),
  require('./scaling.js'),
  ...require('./sharing.js'),
];

module.exports = { experiments };
