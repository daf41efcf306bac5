'use strict';

const { Math, arrays } = require('../primordials.js');

// How long half of the connections wait at least, in milliseconds, where there are too few workers; and where there are enough.
const LONG_WAIT = 20;
const SHORT_WAIT = 5;

// Which part of the time event loops are busy where there are too few workers, and none of them less than HALF_BUSY; how
// busy they are to be with more of them; and how busy at most with one fewer.
const BUSY = 0.8;
const HALF_BUSY = 0.5;
const FIT = 0.6;
const CALM = 0.5;

// How many times as many workers there can be at once.
const MOST_AT_ONCE = 4;

// For how long it has to be busy before there are more, in milliseconds: a spike is over by then.
const BUSY_FOR = 400;

// How long new workers have to show what they change, in milliseconds: what has piled up before still waits.
const REST = 1000;

// Over which time calm is averaged, in milliseconds: a short spike changes nothing.
const AVERAGED_OVER = 2000;

// What lies further apart is no sequence, in milliseconds: this process was busy or stopped, or there was a reload.
const GAP = 1000;

const sumOf = (numbers) => {
  let sum = 0;
  for (const number of numbers) sum += number;
  return sum;
};
const percent = (part) => `${Math.round(part * 100)} %`;
const megabytes = (bytes) => `${Math.round(bytes / 2 ** 20)} MB`;

/** How busy the workers are, the busiest left out where there are others: it may be stuck. */
function busyWithoutFirst(utilizations) {
  if (utilizations.length === 1) return utilizations[0];
  return (sumOf(utilizations) - Math.max(...utilizations)) / (utilizations.length - 1);
}

/**
 * How many workers are wanted in a moment like this, and why.
 * @returns {{ size: number, reason: string } | undefined} `undefined` if those in service are enough
 */
function wantedFor({ inService, queueTime = 0, utilizations }) {
  if (inService === 0) return undefined;
  if (queueTime >= LONG_WAIT) {
    const times = Math.min(queueTime / LONG_WAIT, MOST_AT_ONCE);
    return { size: Math.ceil(inService * times), reason: `connections have waited ${Math.round(queueTime)} ms` };
  }
  // A worker that has just come is not known yet.
  if (utilizations.length < inService || arrays.some(utilizations, (one) => one < HALF_BUSY)) return undefined;
  const busy = busyWithoutFirst(utilizations);
  if (busy < BUSY) return undefined;
  return {
    size: Math.ceil((inService * busy) / FIT),
    reason: `event loops are busy ${percent(busy)} of the time`,
  };
}

/**
 * How many workers there are to be, by load: more as soon as all are busy, in proportion; one fewer after each long time
 * of calm. Knows no clock of its own, and nothing of workers.
 *
 * @typedef {object} Sample
 * @property {number} time when, in milliseconds
 * @property {number} size how many workers there are to be
 * @property {number} inService how many there are
 * @property {number[]} utilizations which part of the time each event loop was busy since the last sample, as far as is known
 * @property {number} [queueTime] for how many milliseconds half of the connections have waited at least that workers have
 *   taken since then; nothing if there were none
 * @property {number} largestWorker how many bytes of memory the largest one has
 * @property {number} availableMemory how many bytes more there are
 */
class Scaling {
  #bounds;
  #scaleDownAfter;
  #last; // the sample before
  #busySince;
  #calmSince;
  #restsUntil;
  #average; // { demand, wait }: how many workers would be wholly busy, and milliseconds
  #isHeld = false;

  /**
   * @param {object} options
   * @param {number} options.min
   * @param {number} options.max
   * @param {number} options.scaleDownAfter after how many milliseconds of calm there is one fewer; 0 is never
   */
  constructor({ min, max, scaleDownAfter }) {
    this.#bounds = { min, max };
    this.#scaleDownAfter = scaleDownAfter;
  }

  /**
   * @param {Sample} sample each is later than the one before
   * @returns {{ size: number, reason: string, isHeld?: boolean } | undefined} the number of workers, if that is to change; if
   *   it `isHeld`, the one that would be wanted, once, and why it can't be
   */
  decide(sample) {
    const { size, time } = sample;
    const { min, max } = this.#bounds;
    const elapsed = this.#begin(sample);
    const within = Math.min(Math.max(size, min), max);
    if (within !== size) return { size: within, reason: `there are to be ${min} to ${max}` };

    const wanted = wantedFor(sample);
    this.#busySince = wanted && (this.#busySince ?? time);
    if (wanted && time - this.#busySince >= BUSY_FOR) {
      this.#calmSince = undefined;
      if (time >= this.#restsUntil && size < max && wanted.size > size) return this.#grow(sample, wanted);
    }

    this.#addToAverage(sample, elapsed);
    if (!this.#isCalmWith(Math.max(size - 1, 1))) {
      this.#calmSince = undefined;
      return undefined;
    }
    this.#isHeld = false;
    this.#calmSince ??= time;
    if (this.#scaleDownAfter === 0 || time - this.#calmSince < this.#scaleDownAfter || size <= min) return undefined;
    this.#calmSince = time;
    const busy = percent(this.#average.demand / size);
    return { size: size - 1, reason: `event loops have been busy ${busy} of the time` };
  }

  /** Forgets what was before a change, or a gap; gives how many milliseconds have passed. */
  #begin(sample) {
    const { size, time } = sample;
    const last = this.#last;
    this.#last = sample;
    const isChanged = last?.size !== size;
    if (isChanged) this.#restsUntil = time + REST;
    const elapsed = last ? time - last.time : 0;
    if (isChanged || elapsed > GAP) this.#busySince = this.#calmSince = undefined;
    return elapsed;
  }

  #grow({ availableMemory, largestWorker, size }, wanted) {
    const most = Math.min(wanted.size, this.#bounds.max);
    const fitting = largestWorker > 0 ? Math.floor(availableMemory / largestWorker) : most;
    if (fitting < 1) {
      if (this.#isHeld) return undefined;
      this.#isHeld = true;
      const [has, left] = [megabytes(largestWorker), megabytes(availableMemory)];
      return { size: most, reason: `a worker has ${has} of memory, and ${left} are left`, isHeld: true };
    }
    this.#isHeld = false;
    this.#busySince = undefined;
    return { size: Math.min(most, size + fitting), reason: wanted.reason };
  }

  #addToAverage({ inService, queueTime = 0, utilizations }, elapsed) {
    if (utilizations.length < inService) return;
    const now = { demand: sumOf(utilizations), wait: Math.min(queueTime, LONG_WAIT) };
    const before = this.#average ?? now;
    const part = Math.min(1, elapsed / AVERAGED_OVER);
    this.#average = {
      demand: before.demand + (now.demand - before.demand) * part,
      wait: before.wait + (now.wait - before.wait) * part,
    };
  }

  #isCalmWith(size) {
    if (!this.#average) return false;
    const { demand, wait } = this.#average;
    return demand <= CALM * size && wait <= SHORT_WAIT;
  }
}

module.exports = { Scaling };
