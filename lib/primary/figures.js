'use strict';

// What has been counted, in the form in which programs get it.

const { arrays } = require('../primordials.js');
const { binding } = require('../native.js');
const { queueTimeBounds } = binding ?? require('../portable/queue_time.js');

let bounds; // of the buckets, in milliseconds

/** Gives the counts of a queue time the bounds that they stand for. */
function describeQueueTime({ count, sum, buckets }) {
  bounds ??= [...queueTimeBounds(), Infinity];
  return { count, sum, buckets: arrays.map(buckets, (inBucket, i) => ({ upTo: bounds[i], count: inBucket })) };
}

/**
 * @param {object[]} listeners as the addon gives them
 * @returns {object[]} `ListenerFigures` in `index.d.ts`
 */
function describeListeners(listeners) {
  return arrays.map(listeners, ({ queueTime, ...listener }) => ({
    ...listener,
    queueTime: describeQueueTime(queueTime),
  }));
}

module.exports = { describeListeners };
