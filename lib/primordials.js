'use strict';

// What programs may replace, as it was before they could: timers that a test fakes, a polyfill, `toJSON` on a prototype. Files
// that run in a program's process take from here what they call later, as Node's own do from their `primordials`.

const { defineProperty, getOwnPropertyDescriptor, ownKeys } = Reflect;
const OwnPromise = Promise;
const uncurryThis = Function.prototype.bind.bind(Function.prototype.call);

/** The same collection, with its methods on its own prototype. */
function safe(Collection) {
  class Safe extends Collection {}
  for (const key of ownKeys(Collection.prototype)) {
    if (key === 'constructor') continue;
    defineProperty(Safe.prototype, key, getOwnPropertyDescriptor(Collection.prototype, key));
  }
  Object.setPrototypeOf(Safe.prototype, null);
  return Safe;
}

/** Methods as functions, whose first argument is the object. */
const uncurried = (prototype, names) => Object.fromEntries(names.map((name) => [name, uncurryThis(prototype[name])]));

// A callback of `then` gives no promise: that would be looked at for its `then`. `await` needs nobody's.
const then = uncurryThis(Promise.prototype.then);

/** Fulfilled when all promises of a list are; rejected as soon as one is. */
const all = (list) =>
  new OwnPromise((resolve, reject) => {
    let left = list.length;
    if (left === 0) resolve();
    const count = () => --left === 0 && resolve();
    for (const one of list) then(one, count, reject);
  });

/** Settled as the first promise of a list is. */
const race = (list) =>
  new OwnPromise((resolve, reject) => {
    for (const one of list) then(one, resolve, reject);
  });

module.exports = {
  AbortController,
  ArrayBuffer,
  BigInt,
  Boolean,
  Error,
  Number,
  Promise,
  RangeError,
  RegExp,
  String,
  Symbol,
  TypeError,
  URL,
  Uint32Array,
  Uint8Array,

  Map: safe(Map),
  Set: safe(Set),
  WeakMap: safe(WeakMap),
  WeakSet: safe(WeakSet),
  WeakRef,

  Array: { from: Array.from, isArray: Array.isArray, prototype: Array.prototype },
  Buffer: { allocUnsafeSlow: Buffer.allocUnsafeSlow, from: Buffer.from },
  JSON: { parse: JSON.parse, stringify: JSON.stringify },
  Math: { ceil: Math.ceil, floor: Math.floor, imul: Math.imul, max: Math.max, min: Math.min, round: Math.round },
  Object: {
    assign: Object.assign,
    create: Object.create,
    defineProperty: Object.defineProperty,
    entries: Object.entries,
    fromEntries: Object.fromEntries,
    getOwnPropertyDescriptor: Object.getOwnPropertyDescriptor,
    getOwnPropertySymbols: Object.getOwnPropertySymbols,
    getPrototypeOf: Object.getPrototypeOf,
    hasOwn: Object.hasOwn,
    keys: Object.keys,
    prototype: Object.prototype,
    setPrototypeOf: Object.setPrototypeOf,
    values: Object.values,
  },
  Reflect: { apply: Reflect.apply },

  // What is made for the program, whose prototypes these have.
  constructors: {
    BigInt64Array,
    BigUint64Array,
    Buffer,
    Date,
    Float32Array,
    Float64Array,
    Int16Array,
    Int32Array,
    Int8Array,
    Map,
    Set,
    Uint16Array,
    Uint32Array,
    Uint8Array,
    Uint8ClampedArray,
  },

  arrayBuffers: uncurried(ArrayBuffer.prototype, ['slice']),
  arrays: uncurried(Array.prototype, [
    'every',
    'filter',
    'find',
    'findIndex',
    'flat',
    'flatMap',
    'includes',
    'indexOf',
    'join',
    'lastIndexOf',
    'map',
    'push',
    'slice',
    'some',
    'splice',
    'toSorted',
    'with',
  ]),
  bigInts: uncurried(BigInt.prototype, ['toString']),
  buffers: uncurried(Buffer.prototype, ['set', 'subarray', 'toString', 'write']),
  dates: uncurried(Date.prototype, ['getTime']),
  descriptionOf: uncurryThis(getOwnPropertyDescriptor(Symbol.prototype, 'description').get),
  maps: uncurried(Map.prototype, ['forEach', 'set']),
  sets: uncurried(Set.prototype, ['add', 'forEach']),
  viewName: uncurryThis(getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag).get),
  functions: uncurried(Function.prototype, ['toString']),
  regexps: uncurried(RegExp.prototype, ['exec']),
  strings: uncurried(String.prototype, [
    'charCodeAt',
    'includes',
    'indexOf',
    'isWellFormed',
    'lastIndexOf',
    'replaceAll',
    'slice',
    'split',
    'startsWith',
    'trim',
  ]),

  captureStackTrace: Error.captureStackTrace,
  isFinite: Number.isFinite,
  isInteger: Number.isInteger,
  promises: {
    all,
    race,
    resolve: Promise.resolve.bind(Promise),
    then,
  },

  clearInterval,
  clearTimeout,
  nextTick: process.nextTick,
  parseInt,
  setImmediate,
  setInterval,
  setTimeout,
};
