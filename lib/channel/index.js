'use strict';

// The JavaScript side of a channel: what gives `process` in a worker, and `worker.process` in the primary, their
// `send`, `disconnect`, `connected` and `channel`, as `setupChannel` in Node's `lib/internal/child_process.js` does.

const { AsyncResource } = require('node:async_hooks');
const { closeSync } = require('node:fs');
const { deprecate } = require('node:util');
const {
  Array,
  ArrayBuffer,
  JSON,
  Math,
  Object,
  Reflect,
  Set,
  Uint32Array,
  arrays,
  nextTick,
  parseInt,
  setImmediate,
  strings,
} = require('../primordials.js');
const { Batch } = require('./batch.js');
const { Control } = require('./control.js');
const errors = require('../errors.js');
const { atEnd, isExiting } = require('../exit.js');
const requests = require('./requests.js');
const { ownListener } = require('../worker_class.js');

// A sender is told to wait when this much has not been read yet, in bytes; the number is Node's.
const PLENTY = 2 * 65536;

// How many messages of one turn of the loop are written at once. What follows them goes together. Where there were
// more in the turn before, only the first one is: each write wakes the reader.
const EAGER = 4;

// From which length on a string, as a message or as a property of one, travels as it is: making JSON of it, and reading
// that, costs more than all the rest.
const LONG_STRING = 4096;

// After how many messages without long JSON no more is searched for long strings, and in how many properties.
const SEARCHES = 16;
const MOST_SEARCHED = 32;

// How long the text of messages that go together gets at most, so that a reader has its turns too.
const BATCH = 65536;

// How long the JSON gets with `serialization: 'advanced'` before it is written: making and reading it takes so long that both
// ends had better work at the same time.
const CLONES = 4096;

// What is held for a program that does not listen yet, in characters; a message counts as at least so many, and a handle.
const MOST_HELD = 64 * 1024 * 1024;
const MESSAGE_SIZE = 256;
const HANDLE_SIZE = 65536;

// Shared with the addon, for the whole process: it counts the turns of the loop in the first; a worker counts its open
// connections in the second, requests in the third, has its lag in the fourth, and finds in the fifth whether its page
// says that the loop is awake.
const numbers = new Uint32Array(new ArrayBuffer(20));
const TURN = 0;

const open = new Set();

let isWatchingEnd = false;

/** Writes what waits before the process ends; there is nothing before there is a channel. */
function watchEnd() {
  if (isWatchingEnd) return;
  isWatchingEnd = true;
  atEnd((isCertain) => {
    for (const channel of open) channel.flush(isCertain);
  });
}

const deprecated = (accessor) => {
  return deprecate(accessor, '_channel is deprecated. Use ChildProcess.channel instead.', 'DEP0129');
};

// The name that `channel` had in earlier times. Node 26 has given it up.
const oldName = parseInt(process.versions.node, 10) < 26 && {
  get: deprecated(function () {
    return this.channel;
  }),
  set: deprecated(function (channel) {
    this.channel = channel;
  }),
  configurable: true,
};

/** Whether this is a message and what is said about its handle. */
function isPassing(decoded) {
  return Array.isArray(decoded) && typeof decoded[1]?.type === 'string';
}

// While it can be read, see `lib/primary/index.js`.
if (process.permission) [require('./passing.js'), require('./clone.js')];

function isInternal(message) {
  return typeof message?.cmd === 'string' && message.cmd.length > 5 && strings.startsWith(message.cmd, 'NODE_');
}

/** Throws Node's own errors for what is no message. */
function check(message) {
  switch (typeof message) {
    case 'string':
    case 'object':
    case 'number':
    case 'boolean':
      return;
    case 'undefined':
      throw errors.messageMissing();
    default:
      throw errors.invalidArgument('message', 'one of type string, object, number, or boolean', message);
  }
}

// What is not well-formed survives only in JSON, which escapes it.
const isLong = (value) => typeof value === 'string' && value.length >= LONG_STRING && strings.isWellFormed(value);

/**
 * Takes the longest string out of a plain object, if it has a long one. JSON sees to the rest as it would have.
 * @returns {{ long: string, rest: string } | undefined}
 */
function takeLongest(message) {
  if (typeof message !== 'object' || message === null) return undefined;
  if (Object.getPrototypeOf(message) !== Object.prototype || 'toJSON' in message) return undefined;
  const names = Object.keys(message);
  if (names.length > MOST_SEARCHED) return undefined;
  let found;
  let long = '';
  for (const name of names) {
    // A getter is to be called only once.
    const { value } = Object.getOwnPropertyDescriptor(message, name);
    if (isLong(value) && value.length > long.length) [found, long] = [name, value];
  }
  if (found === undefined) return undefined;
  return { long, rest: `${JSON.stringify({ ...message, [found]: 0 })},${JSON.stringify(found)}` };
}

/** Gives a message the string that came apart from it; `undefined` if it has no such place. */
function complete([message, name], string) {
  if (!Object.hasOwn(message, name)) return undefined;
  message[name] = string;
  return [message];
}

class Channel {
  #worker;
  #target;
  #native;
  #waits;
  #patience;
  #control;
  #held = [];
  #heldSize = 0;
  #turn = 0;
  #posted = 0;
  #eager = EAGER;
  #searches = 0;
  #batch = new Batch();
  #isHeeded = false; // whether somebody wants to hear that the batch could not be written
  #waiting = [];
  #onclose = () => {};

  /**
   * The functions that the addon calls; see `Delivery` in `src/ipc/delivery.rs`.
   */
  events = {
    onmessages: (text) => {
      const messages = this.#decode(() => JSON.parse(text), Array.isArray);
      if (messages) this.#receive(messages, text.length);
    },
    ontext: (text) => this.#receive([text], text.length),
    onincomplete: (text, missing) => {
      const decoded = this.#decode(() => complete(JSON.parse(text), missing), Array.isArray);
      if (decoded) this.#receive(decoded, text.length + missing.length);
    },
    onclones: (text, bytes) => {
      const messages = this.#decode(() => require('./clone.js').decode(text, bytes), Array.isArray);
      if (messages) this.#receive(messages, text.length + (bytes?.length ?? 0));
    },
    onhandle: (text, ...passed) => this.#receiveHandle(() => JSON.parse(text), ...passed),
    onadvancedhandle: (bytes, ...passed) =>
      this.#receiveHandle(() => require('./serialization.js').deserialize(bytes), ...passed),
    onwritten: (count) => this.#written(count),
    onended: (malformed) => this.#end(malformed === 1),
  };

  /**
   * @param {ChildProcess | NodeJS.Process} target whose channel it is
   * @param {object} options
   * @param {boolean} options.advanced `serialization: 'advanced'`
   * @param {boolean} options.waits whether messages wait until the program listens for the first time
   * @param {number} options.patience how long a process that exits waits for a reader that takes nothing, in milliseconds
   */
  constructor(target, { advanced, waits, patience }) {
    this.#target = target;
    this.advanced = advanced;
    this.#waits = waits;
    this.#patience = patience;
  }

  /** Connects the target with the addon's end of the channel. `onclose` hears that the other end has closed it. */
  open(native, onclose) {
    this.#native = native;
    if (onclose) this.#onclose = onclose;
    watchEnd();
    open.add(this);
    const target = this.#target;
    this.#control = new Control(native);
    target.channel = this.#control;
    if (oldName) Object.defineProperty(target, '_channel', oldName);
    // What Node notes here is noted in the addon; programs that look find the same.
    target._handleQueue = null;
    target._pendingMessage = null;
    target.connected = true;
    target.send = this.#sendMethod();
    target._send = (message, handle, options, callback) => this.#send(message, handle, options, callback);
    target.disconnect = this.#disconnectMethod();
    target._disconnect = () => this.#close();
    this.#watch(target);
    return this.#control;
  }

  /**
   * Says whose process the target is, in the turn in which the channel is opened.
   * @param {import('../worker_class.js').Worker} worker
   */
  serve(worker) {
    this.#worker = worker;
    this.#watch(worker);
  }

  /** Gives what was held to listeners that are added. */
  #watch(emitter) {
    emitter.on('newListener', (name) => {
      if (name === 'message') this.#release();
    });
  }

  #sendMethod() {
    const channel = this;
    return function send(message, handle, options, callback) {
      if (typeof handle === 'function') {
        callback = handle;
        handle = undefined;
        options = undefined;
      } else if (typeof options === 'function') {
        callback = options;
        options = undefined;
      } else if (options !== undefined && (options === null || typeof options !== 'object' || Array.isArray(options))) {
        throw errors.invalidArgument('options', 'of type object', options);
      }
      if (this.connected) {
        return channel.#send(message, handle, options, callback);
      }
      channel.#fail(errors.channelClosed(), callback);
      return false;
    };
  }

  #disconnectMethod() {
    const channel = this;
    return function disconnect() {
      if (!this.connected) {
        this.emit('error', errors.alreadyDisconnected());
        return;
      }
      channel.#close();
    };
  }

  #close() {
    this.#target.connected = false;
    this.#target.channel = null;
    this.flush();
    open.delete(this);
    nextTick(() => {
      this.#native.close();
      requests.rejectAll(this.#worker);
      this.#target.emit('disconnect');
      // Nobody will tell of what is written from now on.
      this.#written(this.#waiting.length);
    });
  }

  #written(count) {
    for (const callback of arrays.splice(this.#waiting, 0, count)) {
      this.#control.unrefCounted();
      if (callback) nextTick(callback, null);
    }
  }

  #end(malformed) {
    if (malformed) this.#report(errors.malformedFrame());
    if (this.#target.connected) this.#close();
    this.#onclose();
  }

  /** Decodes what the other end has written. What it must not write ends the channel. */
  #decode(decode, isRight) {
    try {
      const decoded = decode();
      if (isRight(decoded)) return decoded;
    } catch {
      // The same, in another way.
    }
    this.#native.close();
    this.#end(true);
    return undefined;
  }

  /** Who has not asked for the other end's errors is not ended by them. */
  #report(error) {
    const target = this.#target;
    const passesOn = arrays.includes(target.listeners('error'), ownListener(this.#worker, 'error'));
    if ((passesOn ? this.#worker : target).listenerCount('error') > 0) target.emit('error', error);
    else process.emitWarning(error);
  }

  #fail(error, callback) {
    if (typeof callback === 'function') nextTick(callback, error);
    else nextTick(() => this.#target.emit('error', error));
  }

  #send(message, handle, options, callback) {
    if (handle) return this.#sendHandle(message, handle, options, callback);
    return this.#write(this.encode(message), callback, options);
  }

  /**
   * A message in the form in which it travels: JSON, with notes where that does not say all, or a long string and, where
   * that is a property, JSON of the message without it and of its name.
   * @returns {string | import('./clone.js').Clone | { long: string, rest?: string }}
   */
  encode(message) {
    check(message);
    if (this.advanced) return require('./clone.js').encode(message);
    if (isLong(message)) return { long: message };
    let incomplete;
    if (this.#searches > 0) {
      this.#searches--;
      incomplete = takeLongest(message);
    }
    const text = incomplete ? incomplete.long : JSON.stringify(message);
    if (text === undefined) throw errors.invalidArgument('message', 'something that JSON can hold', message);
    if (text.length >= LONG_STRING) this.#searches = SEARCHES;
    return incomplete ?? text;
  }

  #write(encoded, callback, options) {
    if (encoded.long === undefined) return this.#post(encoded, callback, options);
    this.flush();
    const { long, rest } = encoded;
    const waiting =
      rest === undefined ? this.#native.sendText(long, true) : this.#native.sendIncomplete(rest, long, true);
    return this.#sent(waiting, callback, options);
  }

  /**
   * Sends what {@link encode} of this or a like channel has made.
   * @returns {boolean} whether the channel takes it
   */
  forward(encoded) {
    if (!this.#target.connected) return false;
    this.#write(encoded, undefined, { swallowErrors: true });
    return true;
  }

  /** Writes a message at once if it is one of the first of its turn; otherwise together with those that follow. */
  #post(encoded, callback, options) {
    if (this.#turn !== numbers[TURN]) {
      this.#turn = numbers[TURN];
      this.#eager = this.#posted > EAGER ? 1 : EAGER;
      this.#posted = 0;
    }
    this.#posted++;
    const size = encoded.length ?? encoded.text.length + encoded.size;
    const isFull = this.#batch.size + size > BATCH || (this.advanced && this.#batch.textLength > CLONES);
    // A callback comes when its message is written, and programs wait for it with the next one.
    if (callback || isFull) this.flush();
    const isFirst = this.#batch.isEmpty;
    this.#batch.add(encoded);
    if (isFirst) {
      if (this.#posted <= this.#eager || callback || size > BATCH || isExiting()) {
        const sent = this.#sent(this.#batch.write(this.#native), callback, options);
        if (isExiting()) this.#native.flush(this.#patience);
        return sent;
      }
      setImmediate(() => this.flush());
    }
    this.#isHeeded ||= !options?.swallowErrors;
    return this.#waiting.length === 0 && this.#batch.size < PLENTY;
  }

  /** Writes what was to go together. In a process that ends, also waits for it to be read. */
  flush(isEnding = isExiting()) {
    if (!this.#batch.isEmpty) {
      const swallowErrors = !this.#isHeeded || !this.#target.connected;
      this.#isHeeded = false;
      this.#sent(this.#batch.write(this.#native), undefined, { swallowErrors });
    }
    if (isEnding) this.#native?.flush(this.#patience);
  }

  /** Takes note of how many bytes wait after a frame was given to the addon; gives what `send` returns. */
  #sent(waiting, callback, options) {
    const isFunction = typeof callback === 'function';
    if (waiting < 0) {
      const { constants } = require('node:os');
      if (waiting === -constants.errno.EMSGSIZE) throw errors.messageTooLarge();
      if (isFunction || !options?.swallowErrors) this.#fail(errors.fromSystem(waiting, 'write'), callback);
    } else if (waiting === 0) {
      if (isFunction) nextTick(callback, null);
    } else {
      this.#control.refCounted();
      arrays.push(this.#waiting, isFunction ? AsyncResource.bind(callback) : undefined);
    }
    return waiting < PLENTY;
  }

  #sendHandle(message, handle, options, callback) {
    check(message);
    const { detach } = require('./passing.js');
    const detached = detach(handle, options?.keepOpen, this.#target);
    if (detached === undefined) {
      // It has no descriptor any more: the message goes alone.
      return this.#send(message, undefined, options, callback);
    }
    this.flush();
    let waiting;
    if (this.advanced) {
      const { serialize } = require('./serialization.js');
      const bytes = serialize([message, detached.about]);
      waiting = this.#native.sendAdvancedHandle(bytes, detached.fd, true);
    } else {
      const text = `${JSON.stringify(message) ?? null},${JSON.stringify(detached.about)}`;
      waiting = this.#native.sendHandle(text, detached.fd, true);
    }
    detached.done();
    return this.#sent(waiting, callback, options);
  }

  #receiveHandle(decode, fd, kind) {
    const decoded = this.#decode(decode, isPassing);
    if (!decoded) {
      if (fd >= 0) closeSync(fd);
      return;
    }
    const [message, about] = decoded;
    const { attach } = require('./passing.js');
    const ready = (handle) => {
      if (handle === undefined) {
        const text = 'Handle did not reach the receiving process correctly';
        process.emitWarning(text, 'SentHandleNotReceivedWarning');
      }
      this.#receive([message], HANDLE_SIZE, [handle]);
    };
    if (fd < 0) ready();
    else attach(about, fd, kind, this.#target, ready);
  }

  /**
   * @param {unknown[]} messages
   * @param {number} size characters or bytes
   * @param {object[]} [handles] of the messages
   */
  #receive(messages, size, handles) {
    const each = size / messages.length;
    if (this.#held.length === 0 && (!this.#waits || this.#isHeard())) {
      this.#deliver(messages, each, handles);
      return;
    }
    for (let i = 0; i < messages.length; i++) {
      const message = messages[i];
      // What Node's own modules say to each other has its listener already.
      if (isInternal(message)) this.#deliver([message], each, [handles?.[i]]);
      else this.#hold(message, each, handles?.[i]);
    }
    this.#release();
  }

  /**
   * Whether there is somebody to have messages: the program; once it has listened, anybody, as on the built-in module. So
   * what comes while only the worker listens is gone.
   */
  #isHeard() {
    if (!this.#waits) return this.#target.listenerCount('message') > 0;
    const own = ownListener(this.#worker, 'message');
    const counts = (listener) => listener !== own || this.#worker.listenerCount('message') > 0;
    this.#waits = !arrays.some(this.#target.listeners('message'), counts);
    return !this.#waits;
  }

  /** Emits messages in their order. An exception in a listener leaves the rest for the next tick. */
  #deliver(messages, size, handles, index = 0) {
    let next = index;
    try {
      while (next < messages.length) {
        const handle = handles?.[next];
        const message = messages[next++];
        if (isInternal(message)) {
          requests.receive(this.#worker, message);
          this.#target.emit('internalMessage', message, handle);
        } else if (this.#target.emit('message', message, handle) === false) {
          this.#hold(message, size, handle);
        }
      }
    } finally {
      if (next < messages.length) {
        nextTick(() => this.#deliver(messages, size, handles, next));
      }
    }
  }

  #hold(message, size, handle) {
    arrays.push(this.#held, { message, handle });
    this.#heldSize += Math.max(size, MESSAGE_SIZE);
    if (this.#heldSize <= MOST_HELD || this.#held.length === 1) return;
    for (const { handle: lost } of this.#takeHeld()) {
      if (lost) Reflect.apply(lost.destroy ?? lost.close, lost, []);
    }
    this.#waits = false;
    process.emitWarning('Messages are lost: nobody has listened to them for too long', {
      code: 'CLUSTER_RS_MESSAGES_LOST',
    });
  }

  #takeHeld() {
    const held = this.#held;
    this.#held = [];
    this.#heldSize = 0;
    return held;
  }

  /** Gives what was held to who listens now, if anybody does. */
  #release() {
    if (this.#held.length === 0) return;
    nextTick(() => {
      if (this.#held.length === 0 || !this.#isHeard()) return;
      const held = this.#takeHeld();
      this.#deliver(
        arrays.map(held, ({ message }) => message),
        MESSAGE_SIZE,
        arrays.map(held, ({ handle }) => handle),
      );
    });
  }
}

module.exports = { Channel, numbers };
