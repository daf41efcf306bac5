'use strict';

// What is shared, kept by a server that speaks the protocol of Redis: does what `src/keeper` does, and answers as it does.

const { JSON, Map, Math, Number, Object, arrays, strings } = require('../primordials.js');
const errors = require('../errors.js');
const { Client, hasWord } = require('./client.js');
const { Locks } = require('./locks.js');
const { scripts } = require('./scripts.js');

// How many keys a server looks at in one step where it looks at all of them.
const STEP = '1000';

/** A text as a pattern that matches nothing else. */
const escaped = (text) =>
  arrays.join(
    arrays.map([...text], (one) => (isSpecial(one) ? `\\${one}` : one)),
    '',
  );
const isSpecial = (one) => strings.includes('*?[]\\^-', one);

class RedisKeeper {
  #commands;
  #messages; // the connection for what comes unasked, once there is any
  #original;
  #prefix;
  #hear;
  #locks;
  #stores = []; // { name, ttl } by number
  #numbers = new Map(); // by name
  #watches = new Map(); // { store, prefix } by number
  #topics = new Map(); // how often it has been subscribed to, by channel
  #last = 0;
  #lastWatch = 0;

  /**
   * @param {object} original the program's client
   * @param {string} prefix of all keys and channels
   * @param {(...told: any[]) => void} hear as for `Keeper` in `lib/sharing/keeper.js`
   */
  constructor(original, prefix, hear) {
    this.#original = original;
    this.#prefix = prefix;
    this.#hear = hear;
    this.#commands = new Client(original);
    this.#locks = new Locks({
      prefix,
      run: (...given) => this.#run(...given),
      subscribe: (channel) => this.#subscribe(channel),
      unsubscribe: (channel) => this.#unsubscribe(channel),
      expired: (fence) => hear(0, 'expired', fence),
    });
  }

  /** See `Keeper.ask`. */
  async ask(request, read, begin) {
    const number = ++this.#last;
    begin?.(number);
    const asked = JSON.parse(request);
    const [name] = Object.keys(asked);
    const result = await this.#act(number, name, arrays.flat([asked[name]]));
    return read(result === undefined ? [number] : [number, result]);
  }

  /** See `Keeper.tell`. What can't be told is of no interest any more. */
  async tell(request) {
    try {
      await this.ask(request, () => {});
    } catch {
      // The server is away, or this process has left it.
    }
  }

  /** See `Keeper.numberOf`. Of the bounds, only the time counts. */
  numberOf(name, bounds) {
    let number = this.#numbers.get(name);
    if (number === undefined) {
      number = this.#stores.length;
      this.#numbers.set(name, number);
      arrays.push(this.#stores, { name, ttl: JSON.parse(bounds)?.ttl ?? 0 });
    }
    return number;
  }

  reopen(name) {
    this.#numbers.delete(name);
  }

  // Connections keep this process alive, as those of the program's client do.
  hold() {}
  release() {}

  close() {
    this.#locks.close();
    this.#commands.close();
    this.#messages?.close();
  }

  async #act(number, name, about) {
    switch (name) {
      case 'lock':
        return this.#locks.lock(number, ...about);
      case 'unlock':
        return this.#locks.unlock(about[1]);
      case 'forget':
        return this.#locks.forget(about[0]);
      case 'publish':
        return this.#commands.send(['PUBLISH', this.#topic(about[0]), JSON.stringify(about[1])]);
      case 'subscribe':
        return this.#subscribe(this.#topic(about[0]));
      case 'unsubscribe':
        return this.#unsubscribe(this.#topic(about[0]));
      case 'unwatch':
        return this.#unwatch(about[0]);
      default: {
        const [store, ...rest] = about;
        return this.#actOn(this.#stores[store], name, ...rest);
      }
    }
  }

  async #actOn(store, name, key, ...about) {
    const { name: storeName, ttl } = store;
    const place = this.#keyOf(storeName, '');
    const channel = `${this.#prefix}changes:${storeName}`;
    const time = (own) => own ?? ttl;
    const change = (type) => JSON.stringify([type, key]);
    const setting = (value) => `${strings.slice(change('set'), 0, -1)},${value}]`;
    const run = (script, ...given) => this.#run(script, [`${place}${key}`], given);
    const timed = (own) => (time(own) === 0 ? '' : `${time(own)}`);
    switch (name) {
      case 'get':
        return parsed(await this.#commands.send(['GET', `${place}${key}`]));
      case 'getMany': {
        if (key.length === 0) return [];
        const found = await this.#commands.send(['MGET', ...arrays.map(key, (one) => `${place}${one}`)]);
        return arrays.map(found, (text) => (text === null ? [] : [JSON.parse(text)]));
      }
      case 'has':
        return (await this.#commands.send(['EXISTS', `${place}${key}`])) === 1;
      case 'ttl': {
        const left = await this.#commands.send(['PTTL', `${place}${key}`]);
        return left === -2 ? undefined : left;
      }
      case 'set':
      case 'add': {
        const text = JSON.stringify(about[0]);
        const done = await run(name, text, timed(about[1]), channel, setting(text));
        return name === 'set' ? undefined : done === 1;
      }
      case 'incr': {
        const [by, own] = about;
        const sum = await run('incr', `${by}`, timed(own), channel, `${strings.slice(change('set'), 0, -1)},`);
        if (sum === 'notNumber') throw errors.notNumber();
        return Number(sum);
      }
      case 'compareAndSet': {
        const [[expected, next], own] = [arrays.map([about[0], about[1]], textOf), about[2]];
        const isSet = about[1].length > 0;
        const told = isSet ? setting(next) : change('delete');
        const flags = [about[0].length > 0 ? '1' : '', isSet ? '1' : ''];
        return (await run('compareAndSet', next, timed(own), channel, told, expected, ...flags)) === 1;
      }
      case 'touch':
        return (await run('touch', timed(about[0]))) === 1;
      case 'delete':
        return (await run('delete', '', '', channel, change('delete'))) === 1;
      case 'size':
        return (await this.#keys(place, '')).length;
      case 'clear':
        for (const one of await this.#keys(place, '')) await this.#actOn(store, 'delete', one);
        return undefined;
      case 'keys':
        return this.#keys(place, key);
      default:
        return this.#watch(storeName, key);
    }
  }

  #keyOf(store, key) {
    return `${this.#prefix}store:${store}:${key}`;
  }

  #topic(topic) {
    return `${this.#prefix}topic:${topic}`;
  }

  /** Runs a script, which the server may not know yet. */
  async #run(name, keys, given) {
    const { sha, source } = scripts[name];
    const rest = [`${keys.length}`, ...keys, ...given];
    try {
      return await this.#commands.send(['EVALSHA', sha, ...rest]);
    } catch (error) {
      if (hasWord(error.message, 'OOM')) throw errors.storeFull();
      if (!hasWord(error.message, 'NOSCRIPT')) throw error;
      return this.#commands.send(['EVAL', source, ...rest]);
    }
  }

  async #keys(place, prefix) {
    const keys = new Map(); // A server may say one more than once.
    let cursor = '0';
    do {
      const words = ['SCAN', cursor, 'MATCH', `${escaped(`${place}${prefix}`)}*`, 'COUNT', STEP];
      const [next, found] = await this.#commands.send(words);
      for (const key of found) keys.set(strings.slice(key, place.length), true);
      cursor = `${next}`;
    } while (cursor !== '0');
    return [...keys.keys()];
  }

  #messagesOf() {
    this.#messages ??= new Client(this.#original, {
      hear: (channel, message) => this.#heard(channel, message),
      reconnected: () => this.#hear(0, 'lost'),
    });
    return this.#messages;
  }

  async #subscribe(channel, isPattern = false) {
    const count = this.#topics.get(channel) ?? 0;
    this.#topics.set(channel, count + 1);
    try {
      await this.#messagesOf().subscribe(channel, isPattern);
    } catch (error) {
      this.#topics.set(channel, Math.max(0, this.#topics.get(channel) - 1));
      throw error;
    }
  }

  async #unsubscribe(channel) {
    const left = (this.#topics.get(channel) ?? 0) - 1;
    this.#topics.set(channel, left);
    if (left > 0) return;
    this.#topics.delete(channel);
    await this.#messages?.unsubscribe(channel);
  }

  async #watch(store, prefix) {
    await this.#subscribe(`${this.#prefix}changes:${store}`);
    // These come where the server is set to tell of them.
    if (this.#watches.size === 0) {
      for (const event of ['evicted', 'expired']) await this.#subscribe(`__keyevent@*__:${event}`, true);
    }
    const number = ++this.#lastWatch;
    this.#watches.set(number, { store, prefix });
    return number;
  }

  async #unwatch(number) {
    const watch = this.#watches.get(number);
    if (!watch) return;
    this.#watches.delete(number);
    await this.#unsubscribe(`${this.#prefix}changes:${watch.store}`);
  }

  #heard(channel, message) {
    const rest = (start) => (strings.startsWith(channel, start) ? strings.slice(channel, start.length) : undefined);
    const topic = rest(`${this.#prefix}topic:`);
    const store = rest(`${this.#prefix}changes:`);
    if (topic !== undefined) this.#hear(0, 'message', topic, JSON.parse(message));
    else if (store !== undefined) this.#changed(store, ...JSON.parse(message));
    else if (strings.startsWith(channel, '__keyevent@')) this.#gone(channel, message);
    else this.#locks.free(channel);
  }

  #changed(store, type, key, ...value) {
    this.#watches.forEach((watch, number) => {
      if (watch.store === store && strings.startsWith(key, watch.prefix)) {
        this.#hear(0, 'change', number, type, key, ...value);
      }
    });
  }

  #gone(channel, key) {
    const type = strings.includes(channel, ':expired') ? 'expire' : 'evict';
    for (const { name } of this.#stores) {
      const place = this.#keyOf(name, '');
      if (strings.startsWith(key, place)) return this.#changed(name, type, strings.slice(key, place.length));
    }
  }
}

const parsed = (text) => (text === null ? undefined : JSON.parse(text));
const textOf = (value) => (value.length === 0 ? '' : JSON.stringify(value[0]));

module.exports = { RedisKeeper };
