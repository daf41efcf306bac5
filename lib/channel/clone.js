'use strict';

// Values of the structured clone algorithm as JSON, with notes of what JSON can't say. V8's serializer knows more types, but
// costs microseconds for each message before it has written anything: it has those that are left here.
//
// A note is a part of a flat list: the index of the message, what is to be put into that, an argument of this, how many keys lead
// to the place, and these keys. What is inside of a value is noted before the value.

const { isDate, isMap, isProxy, isSet } = require('node:util/types');
const {
  Array,
  BigInt,
  JSON,
  Map,
  Number,
  Object,
  Set,
  RangeError,
  TypeError,
  arrayBuffers,
  arrays,
  bigInts,
  buffers,
  constructors,
  dates,
  maps,
  sets,
  strings,
  viewName,
} = require('../primordials.js');
const { deserialize, serialize } = require('./serialization.js');

const UNDEFINED = 0;
const NUMBER = 1; // that JSON has no form for
const BIG_INT = 2;
const DATE = 3;
const VIEW = 4;
const STRING = 5; // a long one, as bytes
const MAP = 6;
const SET = 7;
const SERIALIZED = 8; // by V8

// From which length on a string travels as bytes: quoting it, and reading that, costs more.
const LONG_STRING = 2048;

// From how many elements on they are not looked at one by one: JSON has a form for all of them, or V8 has. Numbers are
// V8's, which makes no digits of them.
const MANY = 32;

// How deep values may lie in each other before they are left to V8.
const DEEPEST = 100;

// How many objects of a message are compared one by one before a set is made of them.
const FEW = 32;

// Names of properties as JSON, if there are not too many.
const MOST_NAMES = 1000;
const names = new Map();

function quotedName(name) {
  let quoted = names.get(name);
  if (quoted === undefined) {
    quoted = JSON.stringify(name);
    if (names.size < MOST_NAMES) names.set(name, quoted);
  }
  return quoted;
}

/** The entries of a map, one after the other: key, value, key, value. */
function flatEntries(map) {
  const list = [];
  maps.forEach(map, (value, key) => arrays.push(list, key, value));
  return list;
}

function members(set) {
  const list = [];
  sets.forEach(set, (member) => arrays.push(list, member));
  return list;
}

/** Whether an array with these properties has all its elements and nothing else: indices come before other names. */
function isDense({ length }, keys) {
  return keys.length === length && (length === 0 || keys[length - 1] === `${length - 1}`);
}

const isExactNumber = (number) => number - number === 0 && (number !== 0 || 1 / number > 0);

/** Objects that have been met in a message: what it has twice is to be one object at the other end, too. */
class Seen {
  #first = [];
  #others;

  /** Notes the object; gives whether it had been met before. */
  meet(object) {
    if (arrays.includes(this.#first, object)) return true;
    if (this.#first.length < FEW) {
      arrays.push(this.#first, object);
      return false;
    }
    this.#others ??= new Set();
    if (this.#others.has(object)) return true;
    this.#others.add(object);
    return false;
  }
}

/** Whether JSON has a form for all of a value, and `JSON.stringify` gives that. */
function isExact(value, seen, depth) {
  switch (typeof value) {
    case 'string':
      return value.length < LONG_STRING;
    case 'boolean':
      return true;
    case 'number':
      return isExactNumber(value);
    case 'object':
      return value === null || isExactObject(value, seen, depth);
    default:
      return false;
  }
}

function isExactObject(object, seen, depth) {
  return depth <= DEEPEST && !isProxy(object) && !seen.meet(object) && isExactInside(object, seen, depth);
}

function isExactInside(object, seen, depth) {
  if ('toJSON' in object) return false;
  if (Array.isArray(object)) {
    if (Object.getPrototypeOf(object) !== Array.prototype) return false;
    return isDense(object, Object.keys(object)) && areExact(object, seen, depth);
  }
  if (Object.getPrototypeOf(object) !== Object.prototype) return false;
  // Properties are read faster in such a loop. What it finds in a prototype, JSON has no form for.
  for (const key in object) {
    if (!isExact(object[key], seen, depth + 1)) return false;
  }
  return true;
}

/** The same for the elements of an array that has all of them, and nothing else. */
function areExact(array, seen, depth) {
  if (areNumbers(array)) return false;
  for (let i = 0; i < array.length; i++) {
    if (!isExact(array[i], seen, depth + 1)) return false;
  }
  return true;
}

/** Whether these seem to be many numbers: V8 makes no digits of them. */
function areNumbers(array) {
  return array.length >= MANY && typeof array[0] === 'number' && typeof array[array.length - 1] === 'number';
}

/** A message as JSON, and what goes with it. */
class Clone {
  /** JSON of the message, with something else where JSON has no form. */
  text;
  /** Each note after the index of the message. */
  notes = [];
  /** Views and strings, whose bytes follow each other in the order of their notes. */
  parts = [];
  /** About how many bytes the parts are. */
  size = 0;
  #seen = new Seen();

  constructor(message) {
    this.text = this.#value(message, '', 0);
    if (this.text !== undefined) return;
    this.notes = [];
    this.parts = [];
    this.size = 0;
    const bytes = serialize(message);
    this.#part(bytes, bytes.length);
    this.text = this.#note(SERIALIZED, 0, '', 0);
  }

  /**
   * @param {unknown} value
   * @param {string} path to the value, inside of the message: a comma and a key as JSON for each level
   * @param {number} level how many keys those are
   * @returns {string | undefined} JSON; `undefined` for what is left to V8
   */
  #value(value, path, level) {
    switch (typeof value) {
      case 'string':
        if (value.length < LONG_STRING || !strings.isWellFormed(value)) return JSON.stringify(value);
        this.#part(value, value.length);
        return this.#note(STRING, 0, path, level);
      case 'number':
        if (isExactNumber(value)) return `${value}`;
        return this.#note(NUMBER, value === 0 ? '"-0"' : `"${value}"`, path, level);
      case 'boolean':
        return value ? 'true' : 'false';
      case 'undefined':
        return this.#note(UNDEFINED, 0, path, level);
      case 'bigint':
        // Digits to the base of 16: others take time that grows with the square of their number.
        return this.#note(BIG_INT, `"${bigInts.toString(value, 16)}"`, path, level);
      case 'object':
        return value === null ? 'null' : this.#object(value, path, level);
      default:
        return undefined;
    }
  }

  /** Takes note of a value, and gives what stands for it in the JSON. */
  #note(kind, argument, path, level) {
    arrays.push(this.notes, `,${kind},${argument},${level}${path}`);
    return '0';
  }

  #part(part, size) {
    arrays.push(this.parts, part);
    this.size += size;
  }

  /** Like {@link Clone.#value}, for objects. */
  #object(object, path, level) {
    if (level > DEEPEST || isProxy(object) || this.#seen.meet(object)) return undefined;
    switch (Object.getPrototypeOf(object)) {
      case Object.prototype:
      case null:
        return this.#properties(object, path, level + 1);
      case Array.prototype:
        return Array.isArray(object) ? this.#array(object, path, level + 1) : undefined;
      case constructors.Map.prototype:
        return isMap(object) ? this.#collection(MAP, flatEntries(object), path, level) : undefined;
      case constructors.Set.prototype:
        return isSet(object) ? this.#collection(SET, members(object), path, level) : undefined;
      case constructors.Date.prototype:
        return isDate(object) ? this.#note(DATE, JSON.stringify(dates.getTime(object)), path, level) : undefined;
      default:
        return this.#view(object, path, level);
    }
  }

  #properties(object, path, level) {
    const keys = Object.keys(object);
    let text = '{';
    for (let i = 0; i < keys.length; i++) {
      const name = quotedName(keys[i]);
      const value = this.#value(object[keys[i]], `${path},${name}`, level);
      if (value === undefined) return undefined;
      text += i === 0 ? `${name}:${value}` : `,${name}:${value}`;
    }
    return `${text}}`;
  }

  #array(array, path, level) {
    if (array.length >= MANY) return this.#many(array, level);
    return isDense(array, Object.keys(array)) ? this.#elements(array, path, level) : undefined;
  }

  #many(array, level) {
    return isExactInside(array, this.#seen, level) ? JSON.stringify(array) : undefined;
  }

  /** The JSON is that of a list, of which the other end makes a collection. */
  #collection(kind, list, path, level) {
    const text = list.length >= MANY ? this.#listed(list, level + 1) : this.#elements(list, path, level + 1);
    if (text !== undefined) this.#note(kind, 0, path, level);
    return text;
  }

  #listed(list, level) {
    return !('toJSON' in list) && areExact(list, this.#seen, level) ? JSON.stringify(list) : undefined;
  }

  #elements(array, path, level) {
    let text = '[';
    for (let i = 0; i < array.length; i++) {
      const value = this.#value(array[i], `${path},${i}`, level);
      if (value === undefined) return undefined;
      text += i === 0 ? value : `,${value}`;
    }
    return `${text}]`;
  }

  #view(view, path, level) {
    const name = viewName(view);
    if (name === undefined || !Object.hasOwn(constructors, name) || view.byteLength === 0) return undefined;
    const type = name === 'Uint8Array' && view.constructor === constructors.Buffer ? 'Buffer' : name;
    this.#part(view, view.byteLength);
    return this.#note(VIEW, `"${type}"`, path, level);
  }
}

/** The parts that came with a frame, taken one after the other. */
class Parts {
  #bytes;
  #sizes;
  #taken = 0;
  #end = 0;

  constructor(bytes, sizes) {
    this.#bytes = bytes;
    this.#sizes = sizes;
  }

  /** A Buffer over the next one. */
  take() {
    const begin = this.#end;
    this.#end += this.#sizes[this.#taken++];
    if (!(this.#end <= this.#bytes.length)) throw new RangeError('a note takes more than there is');
    return buffers.subarray(this.#bytes, begin, this.#end);
  }
}

/** A view of elements of the type with this name, over the bytes of a Buffer. */
function viewOf(name, bytes) {
  if (name === 'Buffer') return bytes;
  const View = constructors[name];
  const size = View.BYTES_PER_ELEMENT;
  // Elements must lie where their size says.
  const end = bytes.byteOffset + bytes.length;
  if (bytes.byteOffset % size !== 0) return new View(arrayBuffers.slice(bytes.buffer, bytes.byteOffset, end));
  return new View(bytes.buffer, bytes.byteOffset, bytes.length / size);
}

/** @param {string} digits to the base of 16 */
function bigIntOf(digits) {
  const isNegative = strings.startsWith(digits, '-');
  const amount = BigInt(`0x${isNegative ? strings.slice(digits, 1) : digits}`);
  return isNegative ? -amount : amount;
}

/** Of what is no list, the length would be a matter of trust. */
function checkList(value) {
  if (!Array.isArray(value)) throw new TypeError('a note of a collection that is no list');
}

function mapOf(entries) {
  checkList(entries);
  const map = new constructors.Map();
  for (let i = 0; i < entries.length; i += 2) maps.set(map, entries[i], entries[i + 1]);
  return map;
}

function setOf(list) {
  checkList(list);
  const set = new constructors.Set();
  for (let i = 0; i < list.length; i++) sets.add(set, list[i]);
  return set;
}

/** What is to be where `found` stands in the JSON. */
function noted(found, kind, argument, parts) {
  switch (kind) {
    case UNDEFINED:
      return undefined;
    case NUMBER:
      return Number(argument);
    case BIG_INT:
      return bigIntOf(argument);
    case DATE:
      return new constructors.Date(argument ?? NaN);
    case VIEW:
      return viewOf(argument, parts.take());
    case STRING:
      return buffers.toString(parts.take(), 'utf8');
    case MAP:
      return mapOf(found);
    case SET:
      return setOf(found);
    case SERIALIZED:
      return deserialize(parts.take());
    default:
      throw new TypeError('a note of an unknown kind');
  }
}

/**
 * Reads messages with their notes.
 * @param {string} text JSON of a list of messages, one of notes, and one of the sizes of their parts
 * @param {Buffer} [bytes] the parts; views are made over it
 * @returns {unknown[]} the messages
 * @throws if this is not what {@link Clone} has made
 */
function decode(text, bytes) {
  const { 0: messages, 1: notes, 2: sizes } = JSON.parse(text);
  const parts = new Parts(bytes, sizes);
  for (let i = 0; i < notes.length;) {
    let container = messages;
    let key = notes[i];
    const kind = notes[i + 1];
    const argument = notes[i + 2];
    const end = i + 4 + notes[i + 3];
    if (!(end <= notes.length)) throw new RangeError('a note that is cut');
    for (i += 4; i < end; i++) {
      container = own(container, key);
      key = notes[i];
    }
    container[key] = noted(own(container, key), kind, argument, parts);
  }
  return messages;
}

/** What `container` itself has under `key`: no prototype can be reached. */
function own(container, key) {
  if (!Object.hasOwn(container, key)) throw new TypeError('a note of what is not there');
  return container[key];
}

/**
 * A message as JSON, if it has a form there, or with notes.
 * @returns {string | Clone}
 */
function encode(message) {
  return isExact(message, new Seen(), 0) ? JSON.stringify(message) : new Clone(message);
}

module.exports = { decode, encode };
