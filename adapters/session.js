'use strict';

// A store for express-session: all workers have the same sessions.

const cluster = require('../index.js');

// How long a session without a time of its own lives, in milliseconds: those whose cookie ends with the browser.
const TTL = 86_400_000;

/** Makes a class of that of the program's express-session; see `session.d.ts`. */
function sessionStore({ Store }) {
  return class SessionStore extends Store {
    #store;
    #ttl;

    constructor({ store = cluster.store('sessions'), ttl = TTL } = {}) {
      super();
      this.#store = store;
      this.#ttl = ttl;
    }

    /** For how long a session is to live from now on. */
    #timeOf({ cookie }) {
      const expires = cookie?.expires;
      return expires ? new Date(expires).getTime() - Date.now() : this.#ttl;
    }

    get(id, callback) {
      tell(this.#store.get(id), callback, (session) => session ?? null);
    }

    set(id, session, callback) {
      tell(this.#set(id, session), callback);
    }

    async #set(id, session) {
      const ttl = this.#timeOf(session);
      const plain = JSON.parse(JSON.stringify(session));
      if (ttl > 0) await this.#store.set(id, plain, { ttl });
      else await this.#store.delete(id);
    }

    touch(id, session, callback) {
      const ttl = this.#timeOf(session);
      tell(ttl > 0 ? this.#store.touch(id, { ttl }) : this.#store.delete(id), callback);
    }

    destroy(id, callback) {
      tell(this.#store.delete(id), callback);
    }

    clear(callback) {
      tell(this.#store.clear(), callback);
    }

    length(callback) {
      tell(this.#store.size(), callback, (size) => size);
    }

    all(callback) {
      tell(this.#all(), callback, (sessions) => sessions);
    }

    async #all() {
      const ids = await this.#store.keys();
      const sessions = await this.#store.getMany(ids);
      return sessions.flatMap((session, at) => (session === undefined ? [] : [{ ...session, id: ids[at] }]));
    }
  };
}

/** Calls `callback` as Node's callbacks are called, outside the promise: what it throws is an uncaught exception. */
function tell(promise, callback = () => {}, read) {
  promise.then(
    (result) => process.nextTick(callback, null, ...(read ? [read(result)] : [])),
    (error) => process.nextTick(callback, error),
  );
}

module.exports = sessionStore;
