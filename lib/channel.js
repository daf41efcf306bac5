'use strict';

// The JavaScript side of a channel: what gives `process` in a worker, and `worker.process` in the primary, their
// `send`, `disconnect`, `connected` and `channel`, as `setupChannel` in Node's `lib/internal/child_process.js` does.

const { AsyncResource } = require('node:async_hooks');
const { constants } = require('node:os');
const { Control } = require('./control.js');
const errors = require('./errors.js');

// A sender is told to wait when this much has not been read yet, in bytes; the number is Node's.
const PLENTY = 2 * 65536;

// How many messages of one turn of the loop are written at once. What follows them goes together.
const EAGER = 4;

// How long the text of messages that go together gets at most, so that a reader has its turns too.
const BATCH = 65536;

// What is held for a program that does not listen yet, in characters.
const MOST_HELD = 64 * 1024 * 1024;

// One for all channels of the process: the addon adds one in each turn of the loop.
const turn = new Uint32Array(new ArrayBuffer(4));

const exiting = { now: false };
const open = new Set();

process.once('exit', () => {
  exiting.now = true;
  for (const channel of open) channel.flush();
});

function isInternal(message) {
  return typeof message?.cmd === 'string' && message.cmd.length > 5 && message.cmd.startsWith('NODE_');
}

class Channel {
  #target;
  #native;
  #advanced;
  #mayHold;
  #control;
  #held = [];
  #heldSize = 0;
  #hasLost = false;
  #turn = 0;
  #written = 0;
  #batch = '';
  #batchCallbacks = [];
  #waiting = [];
  #onclose = () => {};

  /**
   * The functions that the addon calls; see `Delivery` in `src/ipc/delivery.rs`.
   */
  events = {
    onmessages: (text) =>
      this.#receive(
        JSON.parse(text).map((message) => ({ message })),
        text.length,
      ),
    onadvanced: (bytes) => {
      const { deserialize } = require('./serialization.js');
      this.#receive([{ message: deserialize(bytes) }], bytes.length);
    },
    onhandle: (text, fd) => {
      const [message, about] = JSON.parse(text);
      this.#receiveHandle(message, about, fd);
    },
    onadvancedhandle: (bytes, fd) => {
      const { deserialize } = require('./serialization.js');
      const [message, about] = deserialize(bytes);
      this.#receiveHandle(message, about, fd);
    },
    onwritten: (count) => {
      for (const callbacks of this.#waiting.splice(0, count)) {
        this.#control.unrefCounted();
        for (const callback of callbacks) callback(null);
      }
    },
    onended: (malformed) => this.#end(malformed === 1),
  };

  /**
   * @param {import('node:events')} target whose messages they are: `process`, or a worker's process
   * @param {object} options
   * @param {boolean} options.advanced `serialization: 'advanced'`
   * @param {(() => boolean)} [options.isUnheard] whether messages are to wait, because nobody listens yet
   */
  constructor(target, { advanced, isUnheard = () => false }) {
    this.#target = target;
    this.#advanced = advanced;
    this.#mayHold = isUnheard;
  }

  /** Connects the target with the addon's end of the channel. `onclose` hears that the other end has closed it. */
  open(native, onclose) {
    this.#native = native;
    if (onclose) this.#onclose = onclose;
    open.add(this);
    const target = this.#target;
    this.#control = new Control(native);
    target.channel = this.#control;
    target.connected = true;
    target.send = this.#sendMethod();
    target._send = (message, handle, options, callback) => this.#send(message, handle, options, callback);
    target.disconnect = this.#disconnectMethod();
    target._disconnect = () => this.#close();
    return this.#control;
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
    this.flush();
    open.delete(this);
    this.#target.connected = false;
    this.#target.channel = null;
    process.nextTick(() => {
      this.#native.close();
      this.#target.emit('disconnect');
    });
  }

  #end(malformed) {
    if (malformed) this.#report(errors.malformedFrame());
    if (this.#target.connected) this.#close();
    this.#onclose();
  }

  /** Nobody who has not asked for them is hurt by errors that the other end has made. */
  #report(error) {
    if (this.#target.listenerCount('error') > 0) {
      this.#target.emit('error', error);
    } else {
      process.emitWarning(error);
    }
  }

  #fail(error, callback) {
    if (typeof callback === 'function') process.nextTick(callback, error);
    else process.nextTick(() => this.#target.emit('error', error));
  }

  #send(message, handle, options, callback) {
    if (message === undefined) throw errors.messageMissing();
    const type = typeof message;
    if (type !== 'string' && type !== 'object' && type !== 'number' && type !== 'boolean') {
      throw errors.invalidArgument('message', 'one of type string, object, number, or boolean', message);
    }
    if (handle) return this.#sendHandle(message, handle, options, callback);
    if (this.#advanced) {
      const { serialize } = require('./serialization.js');
      const bytes = serialize(message);
      const waiting = this.#native.sendAdvanced(bytes, true);
      return this.#sent(waiting, callback ? [callback] : [], options);
    }
    const text = JSON.stringify(message);
    if (text === undefined) {
      throw errors.invalidArgument('message', 'one that JSON can hold', message);
    }
    return this.#post(text, callback, options);
  }

  /** Writes a message at once if it is one of the first of its turn; otherwise together with those that follow. */
  #post(text, callback, options) {
    if (this.#turn !== turn[0]) {
      this.#turn = turn[0];
      this.#written = 0;
    }
    if (this.#batch === '' && (this.#written < EAGER || exiting.now)) {
      this.#written++;
      const waiting = this.#native.sendMessages(text, true);
      const sent = this.#sent(waiting, callback ? [callback] : [], options);
      if (exiting.now) this.#native.flush();
      return sent;
    }
    if (this.#batch === '') setImmediate(() => this.flush());
    else if (this.#batch.length + text.length > BATCH) this.flush();
    this.#batch = this.#batch === '' ? text : `${this.#batch},${text}`;
    if (typeof callback === 'function') {
      this.#batchCallbacks.push(AsyncResource.bind(callback));
    }
    return this.#batch.length < PLENTY && this.#waiting.length === 0;
  }

  /** Writes what was to go together. In a process that exits, also waits for it to be read. */
  flush() {
    if (this.#batch !== '') {
      const text = this.#batch;
      const callbacks = this.#batchCallbacks;
      this.#batch = '';
      this.#batchCallbacks = [];
      this.#sent(this.#native.sendMessages(text, true), callbacks);
    }
    if (exiting.now) this.#native.flush();
  }

  /** Takes note of how many bytes wait after a frame was given to the addon; gives what `send` returns. */
  #sent(waiting, callbacks, options) {
    if (waiting === -constants.errno.EMSGSIZE) throw errors.messageTooLarge();
    if (waiting < 0) {
      const error = errors.fromSystem(waiting, 'write');
      for (const callback of callbacks) this.#fail(error, callback);
      if (callbacks.length === 0 && !options?.swallowErrors) this.#fail(error);
    } else if (waiting === 0) {
      for (const callback of callbacks) {
        if (typeof callback === 'function') process.nextTick(callback, null);
      }
    } else {
      this.#control.refCounted();
      this.#waiting.push(
        callbacks.filter((callback) => typeof callback === 'function').map((callback) => AsyncResource.bind(callback)),
      );
    }
    return waiting < PLENTY;
  }

  #sendHandle(message, handle, options, callback) {
    const { detach } = require('./passing.js');
    const detached = detach(handle, options?.keepOpen, this.#target);
    if (detached === undefined) {
      // It has no descriptor any more: the message goes alone.
      return this.#send(message, undefined, options, callback);
    }
    this.flush();
    let waiting;
    if (this.#advanced) {
      const { serialize } = require('./serialization.js');
      const bytes = serialize([message, detached.about]);
      waiting = this.#native.sendAdvancedHandle(bytes, detached.fd, true);
    } else {
      const text = JSON.stringify([message, detached.about]).slice(1, -1);
      waiting = this.#native.sendHandle(text, detached.fd, true);
    }
    detached.done();
    return this.#sent(waiting, callback ? [callback] : [], options);
  }

  #receiveHandle(message, about, fd) {
    if (fd < 0) {
      process.emitWarning('Handle did not reach the receiving process correctly', 'SentHandleNotReceivedWarning');
      this.#receive([{ message }], 0);
      return;
    }
    const { attach } = require('./passing.js');
    attach(about, fd, this.#target, (handle) => this.#receive([{ message, handle }], 0));
  }

  /** @param {{ message: unknown, handle?: object }[]} messages @param {number} size characters or bytes */
  #receive(messages, size) {
    if (this.#held.length === 0 && !this.#mayHold()) {
      this.#deliver(messages);
      return;
    }
    // What Node's own modules say to each other has its listener already.
    this.#deliver(messages.filter(({ message }) => isInternal(message)));
    this.#hold(
      messages.filter(({ message }) => !isInternal(message)),
      size,
    );
  }

  /** Emits messages in their order. An exception in a listener leaves the rest for the next tick. */
  #deliver(messages, index = 0) {
    let next = index;
    try {
      while (next < messages.length) {
        const { message, handle } = messages[next++];
        const event = isInternal(message) ? 'internalMessage' : 'message';
        this.#target.emit(event, message, handle);
      }
    } finally {
      if (next < messages.length) {
        process.nextTick(() => this.#deliver(messages, next));
      }
    }
  }

  #hold(messages, size) {
    if (messages.length === 0) return;
    this.#heldSize += size;
    this.#held.push({ messages, size });
    while (this.#heldSize > MOST_HELD && this.#held.length > 1) {
      this.#heldSize -= this.#held.shift().size;
      if (this.#hasLost) continue;
      this.#hasLost = true;
      process.emitWarning('Messages are lost: nobody has listened to them for too long', {
        code: 'CLUSTER_RS_MESSAGES_LOST',
      });
    }
  }

  /** Gives what was held to the program, which listens now. */
  release() {
    if (this.#held.length === 0) return;
    process.nextTick(() => {
      if (this.#mayHold()) return;
      const held = this.#held;
      this.#held = [];
      this.#heldSize = 0;
      this.#deliver(held.flatMap(({ messages }) => messages));
    });
  }
}

module.exports = { Channel, turn };
