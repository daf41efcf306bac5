'use strict';

// What processes ask the keeper: checked, since it comes from another process. See `src/keeper/request.rs`.

const { Array, JSON, Object, arrays, isInteger } = require('../primordials.js');

const isCount = (value) => isInteger(value) && value >= 0;
const isStore = (value) => isCount(value); // by the number that it has for who asks
const isText = (value) => typeof value === 'string';
const isTexts = (value) => Array.isArray(value) && arrays.every(value, isText);
const isAny = (value) => value !== undefined;
const isValues = (value) => Array.isArray(value);
const isBounds = (value) =>
  typeof value === 'object' &&
  value !== null &&
  (value.maxEntries === undefined || isCount(value.maxEntries)) &&
  isCount(value.maxBytes) &&
  isCount(value.ttl) &&
  typeof value.evicts === 'boolean';
const orNone = (isRight) => (value) => value == null || isRight(value);

/** Their arguments. */
const REQUESTS = {
  __proto__: null,
  open: [isText, orNone(isBounds)],
  bound: [isStore, isBounds],
  get: [isStore, isText],
  getMany: [isStore, isTexts],
  has: [isStore, isText],
  ttl: [isStore, isText],
  set: [isStore, isText, isAny, orNone(isCount)],
  add: [isStore, isText, isAny, orNone(isCount)],
  incr: [isStore, isText, isInteger, orNone(isCount)],
  compareAndSet: [isStore, isText, isValues, isValues, orNone(isCount)],
  touch: [isStore, isText, orNone(isCount)],
  delete: [isStore, isText],
  size: [isStore],
  clear: [isStore],
  keys: [isStore, isText],
  watch: [isStore, isText],
  unwatch: [isCount],
  lock: [isText, isCount, orNone(isCount)],
  unlock: [isText, isCount],
  forget: [isCount],
  publish: [isText, isAny],
  subscribe: [isText],
  unsubscribe: [isText],
};

/**
 * The requests in what a process has sent: their numbers, names and arguments. `undefined` if they are none.
 * @param {any} text
 * @returns {{ number: number, name: string, about: any[] }[] | undefined}
 */
function parse(text) {
  let given;
  try {
    given = JSON.parse(`[${text}]`);
  } catch {
    return undefined;
  }
  const requests = arrays.map(given, toRequest);
  return arrays.every(requests, (request) => request !== undefined) ? requests : undefined;
}

function toRequest(item) {
  const [number, request] = Array.isArray(item) ? item : [];
  if (!isCount(number) || typeof request !== 'object' || request === null) return undefined;
  const [name] = Object.keys(request);
  const wanted = REQUESTS[name];
  if (wanted === undefined) return undefined;
  const about = wanted.length === 1 ? [request[name]] : request[name];
  if (!Array.isArray(about) || about.length > wanted.length) return undefined;
  return arrays.every(wanted, (isRight, at) => isRight(about[at])) ? { number, name, about } : undefined;
}

/** Whether it is one to a store. */
const isOfStore = (name) => REQUESTS[name][0] === isStore;

module.exports = { isOfStore, parse };
