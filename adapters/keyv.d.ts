import type { EventEmitter } from 'node:events';
import type { Store } from '../index.js';

/** The options of {@link KeyvStore}. */
export interface KeyvStoreOptions {
  /** Where the entries are: `cluster.store('keyv')`, or one that `cluster.connect` has given, for many hosts. */
  store?: Store | undefined;
}

/** A storage adapter for `keyv` (5 or later): `new Keyv({ store: new KeyvStore() })`. Rejects as the methods of `Store` do. */
export class KeyvStore extends EventEmitter {
  constructor(options?: KeyvStoreOptions);
  /** Set by Keyv, which puts it before the keys. */
  namespace?: string | undefined;
  opts: any;
  get(key: string): Promise<any>;
  getMany(keys: string[]): Promise<any[]>;
  set(key: string, value: any, ttl?: number): Promise<void>;
  setMany(entries: { key: string; value: any; ttl?: number }[]): Promise<void>;
  delete(key: string): Promise<boolean>;
  deleteMany(keys: string[]): Promise<boolean>;
  has(key: string): Promise<boolean>;
  hasMany(keys: string[]): Promise<boolean[]>;
  clear(): Promise<void>;
  iterator(namespace?: string): AsyncGenerator<[string, any], void>;
  disconnect(): Promise<void>;
}
