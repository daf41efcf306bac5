import type { Store } from '../index.js';

/** The options of a session store. */
interface SessionStoreOptions {
  /** Where the sessions are: `cluster.store('sessions')`, or one that `cluster.connect` has given, for many hosts. */
  store?: Store | undefined;
  /** How long a session lives whose cookie has no time of its own, in milliseconds; a day, if nothing is said. */
  ttl?: number | undefined;
}

/**
 * Makes the class of a `store` for `express-session` (1.17 or later), of that package as the program has it. A session lives
 * for as long as its cookie. Callbacks get the errors with which the methods of `Store` reject.
 * @example
 * const session = require('express-session');
 * const SessionStore = require('cluster-rs/session')(session);
 * app.use(session({ store: new SessionStore(), secret, resave: false, saveUninitialized: false }));
 */
declare function sessionStore<Base extends new () => object>(session: {
  Store: Base;
}): new (options?: SessionStoreOptions) => InstanceType<Base> & {
  get(id: string, callback: (error: any, session?: any) => void): void;
  set(id: string, session: any, callback?: (error?: any) => void): void;
  touch(id: string, session: any, callback?: (error?: any) => void): void;
  destroy(id: string, callback?: (error?: any) => void): void;
  clear(callback?: (error?: any) => void): void;
  length(callback: (error: any, length?: number) => void): void;
  all(callback: (error: any, sessions?: any) => void): void;
};

declare namespace sessionStore {
  export type { SessionStoreOptions };
}

export = sessionStore;
