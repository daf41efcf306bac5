'use strict';

// What is shared, kept by a server that speaks the protocol of Redis: does what `src/keeper` does, and answers as it does.

const { Array, JSON, Map, Number, Object, Set, arrays, promises, strings } = require('../primordials.js');
const errors = require('../errors.js');
const { Channels } = require('./channels.js');
const { Client } = require('./client.js');
const { Locks } = require('./locks.js');
const { Scripts } = require('./scripts.js');

// How many keys a server looks at in one step where it looks at all of them.
const STEP = '1000';

// The server's events for entries that end, and what a watch calls them.
const ENDS = [
  ['evicted', 'evict'],
  ['expired', 'expire'],
];

/** A text as a pattern that matches nothing else. */
const escaped = (text) =>
  arrays.join(
    arrays.map([...text], (one) => (isSpecial(one) ? `\\${one}` : one)),
    '',
  );
const isSpecial = (one) => strings.includes('*?[]\\^-', one);

/** The name of a store without a colon: what comes after the first one is the key. */
const segment = (name) => strings.replaceAll(strings.replaceAll(name, '%', '%25'), ':', '%3A');

class RedisKeeper {
  #commands;
  #scripts;
  #channels;
  #prefix;
  #hear;
  #locks;
  #stores = []; // { place, channel, bounds, ttl } by number
  #numbers = new Map(); // by name
  #watches = new Map(); // { place, channel, prefix } by number
  #topics = new Set(); // that are subscribed to
  #last = 0;
  #lastWatch = 0;

  /**
   * @param {object} original the program's client
   * @param {string} prefix of all keys and channels
   * @param {(...told: any[]) => void} hear as for `Keeper` in `lib/sharing/keeper.js`
   */
  constructor(original, prefix, hear) {
    this.#prefix = prefix;
    this.#hear = hear;
    this.#commands = new Client(original);
    this.#scripts = new Scripts(this.#commands);
    this.#channels = new Channels(original, () => {
      if (this.#watches.size + this.#topics.size > 0) hear(0, 'lost');
    });
    this.#locks = new Locks({
      prefix,
      channels: this.#channels,
      channelOf: (...about) => this.#channelOf(...about),
      run: (...given) => this.#scripts.run(...given),
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
      const place = `${this.#prefix}store:${segment(name)}:`;
      arrays.push(this.#stores, { place, channel: this.#channelOf('changes', name) });
    }
    const store = this.#stores[number];
    if (store.bounds !== bounds) {
      store.bounds = bounds;
      store.ttl = JSON.parse(bounds)?.ttl ?? 0;
    }
    return number;
  }

  // The next request says the bounds.
  reopen() {}

  // Connections keep this process alive, as those of the program's client do.
  hold() {}
  release() {}

  close() {
    this.#locks.close();
    this.#commands.close();
    this.#channels.end();
    this.#hear(0, 'ended', errors.connectionClosed());
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
        return this.#commands.send(['PUBLISH', this.#channelOf('topic', about[0]), JSON.stringify(about[1])]);
      case 'subscribe':
        return this.#subscribe(about[0]);
      case 'unsubscribe':
        this.#topics.delete(about[0]);
        return this.#channels.close(this.#channelOf('topic', about[0]), this);
      case 'unwatch':
        return this.#unwatch(about[0]);
      default: {
        const [store, ...rest] = about;
        return this.#actOn(this.#stores[store], name, ...rest);
      }
    }
  }

  async #actOn(store, name, key, ...about) {
    const { place, channel, ttl } = store;
    const time = (own) => own ?? ttl;
    const change = (type) => JSON.stringify([type, key]);
    const setting = (value) => `${strings.slice(change('set'), 0, -1)},${value}]`;
    const run = (script, ...given) => this.#scripts.run(script, [`${place}${key}`], given);
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
        return this.#watch({ place, channel, prefix: key });
    }
  }

  /** Servers don't keep the channels of their databases apart. */
  #channelOf(kind, name) {
    return `${this.#prefix}${this.#commands.database}:${kind}:${name}`;
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

  async #subscribe(topic) {
    const hear = (text) => {
      const message = fromOthers(text);
      if (message !== undefined) this.#hear(0, 'message', topic, message);
    };
    await this.#channels.open(this.#channelOf('topic', topic), this, hear);
    this.#topics.add(topic);
  }

  async #watch(watch) {
    const number = ++this.#lastWatch;
    this.#watches.set(number, watch);
    const { channel } = watch;
    const opened = [
      this.#channels.open(channel, watch, (text) => this.#changed(channel, fromOthers(text))),
      ...arrays.map(ENDS, ([event, type]) =>
        this.#channels.open(this.#endsChannel(event), watch, (key) => this.#gone(type, key)),
      ),
    ];
    try {
      await promises.all(opened);
    } catch (error) {
      this.#unwatch(number).catch(() => {});
      throw error;
    }
    return number;
  }

  async #unwatch(number) {
    const watch = this.#watches.get(number);
    if (!watch) return;
    this.#watches.delete(number);
    const channels = [watch.channel, ...arrays.map(ENDS, ([event]) => this.#endsChannel(event))];
    await promises.all(arrays.map(channels, (channel) => this.#channels.close(channel, watch)));
  }

  /** Where a server that is set to do so tells of entries that end. */
  #endsChannel(event) {
    return `__keyevent@${this.#commands.database}__:${event}`;
  }

  #changed(channel, change) {
    const [type, key, ...value] = Array.isArray(change) ? change : [];
    if (typeof key !== 'string') return;
    this.#watches.forEach((watch, number) => {
      if (watch.channel === channel && strings.startsWith(key, watch.prefix)) {
        this.#hear(0, 'change', number, type, key, ...value);
      }
    });
  }

  #gone(type, key) {
    this.#watches.forEach(({ place, prefix }, number) => {
      if (strings.startsWith(key, `${place}${prefix}`)) {
        this.#hear(0, 'change', number, type, strings.slice(key, place.length));
      }
    });
  }
}

/** What a message says; `undefined` for one that is none of ours. */
function fromOthers(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const parsed = (text) => (text === null ? undefined : JSON.parse(text));
const textOf = (value) => (value.length === 0 ? '' : JSON.stringify(value[0]));

module.exports = { RedisKeeper };
