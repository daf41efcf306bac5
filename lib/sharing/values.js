'use strict';

// What is shared, as text, and what is said about it.

const v8 = require('node:v8');
const { Buffer, JSON, Math, buffers, isInteger, strings } = require('../primordials.js');
const errors = require('../errors.js');

const { deserialize, serialize } = v8;

// The largest number of milliseconds: more is for ever.
const MOST_TIME = 2 ** 52;

/** With `serialization: 'advanced'`, what JSON has no form for is an object with the structured clone, and no other object is. */
const advanced = {
  encode(value) {
    const isPlain =
      typeof value === 'string' ? strings.isWellFormed(value) : isInteger(value) && !isNegativeZero(value);
    if (isPlain || typeof value === 'boolean' || value === null) return JSON.stringify(value);
    return `{"clone":"${buffers.toString(serialize(value), 'base64')}"}`;
  },
  decode: (value) =>
    typeof value === 'object' && value !== null ? deserialize(Buffer.from(value.clone, 'base64')) : value,
};

const json = {
  encode: (value) => JSON.stringify(value),
  decode: (value) => value,
};

const isNegativeZero = (value) => value === 0 && 1 / value < 0;

/** How values become text, and text values: as messages do. */
const serializations = { __proto__: null, advanced, json };

/** The JSON of a value. Throws for what is none, as `process.send` does. */
function toText(serialization, name, value) {
  const text = value === undefined ? undefined : serialization.encode(value);
  if (text === undefined) {
    if (value === undefined) throw errors.argumentMissing(name);
    throw errors.invalidArgument(name, 'one of type string, object, number, or boolean', value);
  }
  return text;
}

/** The JSON of a name or key. */
function toName(name, value) {
  if (typeof value !== 'string') throw errors.invalidArgument(name, 'of type string', value);
  if (!strings.isWellFormed(value)) throw errors.notWellFormed(name, value);
  return JSON.stringify(value);
}

/** Checks that options are an object. */
function checkOptions(options) {
  if (options === null || typeof options !== 'object') {
    throw errors.invalidArgument('options', 'of type object', options);
  }
  return options;
}

/**
 * A time as it is said to the keeper, in milliseconds: 0 for ever.
 * @param {string} name of the option
 * @param {number | undefined} time
 * @param {T} otherwise what there is without it
 * @template T
 */
function toTime(name, time, otherwise) {
  if (time === undefined) return otherwise;
  if (typeof time !== 'number') throw errors.invalidOption(name, 'of type number', time);
  if (!(time > 0)) throw errors.outOfRange(name, 'a number of milliseconds > 0', time);
  return time > MOST_TIME ? 0 : Math.ceil(time);
}

module.exports = { checkOptions, serializations, toName, toText, toTime };
