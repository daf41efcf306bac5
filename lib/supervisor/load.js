'use strict';

// How much workers have to do: samples for a `Scaling`.

const { Array, Map, Math, arrays, isFinite } = require('../primordials.js');
const { now } = require('../clock.js');
const { describeListeners } = require('../primary/figures.js');
const { BEAT } = require('../worker/heartbeat.js');
const { availableMemory } = require('./available_memory.js');
const { memoryOf } = require('./process_figures.js');

// A loop that has not turned for so long does not rest, whatever it has told before, in milliseconds.
const BLOCKED = 2 * BEAT;

/**
 * For how many milliseconds half of the connections have waited at least; between its bounds a bucket counts evenly.
 * @param {{ upTo: number, count: number }[]} buckets
 * @returns {number | undefined} `undefined` if there are none
 */
function medianOf(buckets) {
  let left = 0;
  for (const { count } of buckets) left += count / 2;
  if (left === 0) return undefined;
  let from = 0;
  for (const { count, upTo } of buckets) {
    if (count >= left) return upTo === Infinity ? from : from + ((upTo - from) * left) / count;
    left -= count;
    from = upTo;
  }
  return from;
}

class Load {
  #native;
  #idle = new Map(); // by worker: how long its loop has waited when, and how busy it was
  #waited = []; // how many connections have been counted in each bucket

  /** @param {object} native the addon's `Primary`, or what stands for it */
  constructor(native) {
    this.#native = native;
  }

  /**
   * @param {number} size how many workers there are to be
   * @param {import('./member.js').Member[]} members those in service
   * @returns {import('./scaling.js').Sample} of the time since this was last called
   */
  sample(size, members) {
    const well = arrays.filter(members, ({ ill }) => ill === undefined);
    const serving = well.length > 0 ? well : members; // If all are ill, they all serve.
    const native = this.#native;
    return {
      time: now(),
      size,
      inService: serving.length,
      utilizations: this.#utilizations(serving),
      queueTime: this.#queueTime(),
      // Looked up only where they are asked for.
      get largestWorker() {
        const memory = ({ worker: { id, process: child } }) => native.workerFigures(id)?.memory ?? memoryOf(child.pid);
        return Math.max(0, ...arrays.map(serving, memory));
      },
      get availableMemory() {
        return availableMemory();
      },
    };
  }

  #utilizations(members) {
    const before = this.#idle;
    this.#idle = new Map();
    for (const { worker } of members) {
      const figures = this.#native.workerFigures(worker.id);
      if (!isFinite(figures?.idle)) continue;
      const [known, last] = [{ at: figures.at ?? now(), idle: figures.idle }, before.get(worker.id)];
      if (last) known.utilization = utilizationBetween(last, known, figures);
      this.#idle.set(worker.id, known);
    }
    const known = arrays.map([...this.#idle.values()], ({ utilization }) => utilization);
    return arrays.filter(known, (one) => one !== undefined);
  }

  #queueTime() {
    const before = this.#waited;
    const listeners = describeListeners(this.#native.figures().listeners);
    const buckets = listeners[0]?.queueTime.buckets ?? [];
    const countIn = (i) => {
      let count = 0;
      for (const { queueTime } of listeners) count += queueTime.buckets[i].count;
      return count;
    };
    this.#waited = Array.from(buckets, (_, i) => countIn(i));
    const isCountedNew = (i) => Math.max(0, this.#waited[i] - (before[i] ?? 0)); // A listener may have gone.
    return medianOf(arrays.map(buckets, ({ upTo }, i) => ({ upTo, count: isCountedNew(i) })));
  }
}

/** Which part of the time a loop was busy; as before, if nothing has been heard of it since. */
function utilizationBetween(last, { at, idle }, { stillFor }) {
  if (stillFor >= BLOCKED) return 1;
  return at > last.at ? Math.min(1, Math.max(0, 1 - (idle - last.idle) / (at - last.at))) : last.utilization;
}

module.exports = { Load, medianOf };
