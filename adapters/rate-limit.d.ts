import type { Store } from '../index.js';

/** The options of {@link RateLimitStore}. */
export interface RateLimitStoreOptions {
  /** Where the counts are: `cluster.store('rate-limit')`, or one that `cluster.connect` has given, for many hosts. */
  store?: Store<number> | undefined;
  /** What the keys begin with, each limiter its own; nothing, if nothing is said: two such limiters count together. */
  prefix?: string | undefined;
}

/** How often a client has come, and when that is forgotten. */
export interface RateLimitInfo {
  totalHits: number;
  resetTime: Date;
}

/**
 * A `store` for `express-rate-limit` (7 or later): all workers count together, in windows of `windowMs` that begin with a
 * client's first request. Rejects as the methods of `Store` do.
 */
export class RateLimitStore {
  constructor(options?: RateLimitStoreOptions);
  readonly localKeys: boolean;
  readonly prefix: string;
  init(options: { windowMs: number }): void;
  get(key: string): Promise<RateLimitInfo | undefined>;
  increment(key: string): Promise<RateLimitInfo>;
  decrement(key: string): Promise<void>;
  resetKey(key: string): Promise<void>;
  resetAll(): Promise<void>;
}
