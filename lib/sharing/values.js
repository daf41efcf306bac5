'use strict';

// What is shared, as text, and what is said about it.

const v8 = require('node:v8');
const { Buffer, JSON, Math, Object, buffers, isInteger, strings } = require('../primordials.js');
const errors = require('../errors.js');

const { deserialize, serialize } = v8;

// The largest number of milliseconds: more is for ever.
const MOST_TIME = 2 ** 52;

/** With `serialization: 'advanced'`: what JSON has no form for is an object with the structured clone. */
function advanced(value) {
  const isPlain = typeof value === 'string' ? strings.isWellFormed(value) : isInteger(value) && !isNegativeZero(value);
  if (isPlain || typeof value === 'boolean' || value === null) return JSON.stringify(value);
  return `{"clone":"${buffers.toString(serialize(value), 'base64')}"}`;
}

/** An object that looks like one with a clone becomes one. */
function json(value) {
  const text = JSON.stringify(value);
  return text !== undefined && strings.startsWith(text, '{"clone":') ? advanced(JSON.parse(text)) : text;
}

const isNegativeZero = (value) => value === 0 && 1 / value < 0;

/** How values become text: as messages do. */
const serializations = { __proto__: null, advanced, json };

/** The value, whoever has stored it: what JSON has of it says how. */
function decode(value) {
  const hasClone = typeof value === 'object' && value !== null && typeof value.clone === 'string';
  if (!hasClone || Object.keys(value).length > 1) return value;
  try {
    return deserialize(Buffer.from(value.clone, 'base64'));
  } catch {
    throw errors.notReadable();
  }
}

/** The JSON of a value. Throws for what is none, as `process.send` does. */
function toText(serialization, name, value) {
  const text = value === undefined ? undefined : serialization(value);
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

module.exports = { checkOptions, decode, serializations, toName, toText, toTime };
