'use strict';

// What is done on the server in one step, in its own language. Each change is told to those who watch the store.

const { createHash } = require('node:crypto');
const { Object, Set, setImmediate } = require('../primordials.js');
const errors = require('../errors.js');
const { wordOf } = require('./client.js');

// ARGV: milliseconds, or '' for ever; the channel; JSON of the change, without the value where that is not known yet.
const SET = `
  if ARGV[2] == '' then redis.call('SET', KEYS[1], ARGV[1])
  else redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end
  redis.call('PUBLISH', ARGV[3], ARGV[4])`;

const DELETE = `
  if redis.call('DEL', KEYS[1]) == 0 then return 0 end
  redis.call('PUBLISH', ARGV[3], ARGV[4])
  return 1`;

// The time of the server, in milliseconds.
const NOW = `
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)`;

const sources = {
  set: SET,

  add: `
    if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
    ${SET}
    return 1`,

  delete: DELETE,

  // ARGV: the number, then as above.
  incr: `
    local before = redis.call('GET', KEYS[1])
    local most = 9007199254740991
    local number = tonumber(before or '0')
    if before and not string.match(before, '^-?%d+$') then return 'notNumber' end
    local sum = number + ARGV[1]
    if sum > most or sum < -most or number > most or number < -most then return 'notNumber' end
    local text = string.format('%.0f', sum)
    if before then redis.call('SET', KEYS[1], text, 'KEEPTTL')
    elseif ARGV[2] == '' then redis.call('SET', KEYS[1], text)
    else redis.call('SET', KEYS[1], text, 'PX', ARGV[2]) end
    redis.call('PUBLISH', ARGV[3], ARGV[4] .. text .. ']')
    return text`,

  // ARGV: the value, then as above; what is expected; '1' for each of those two that is a value.
  compareAndSet: `
    local before = redis.call('GET', KEYS[1])
    if before ~= (ARGV[6] == '1' and ARGV[5]) then return 0 end
    if ARGV[7] ~= '1' then
      if not before then return 1 end
      ${DELETE}
    end
    ${SET}
    return 1`,

  touch: `
    if ARGV[1] ~= '' then return redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
    redis.call('PERSIST', KEYS[1])
    return redis.call('EXISTS', KEYS[1])`,

  // KEYS: the lock, who waits, until when each of these is alive, the last fence of all locks, which goes on from the clock
  // where it is lost. ARGV: who asks; for how long they may have it,
  // and for how long they are alive if they wait ('' if they don't), in milliseconds. Gives the fence, or 0.
  lock: `
    ${NOW}
    local first = redis.call('LINDEX', KEYS[2], 0)
    while first and first ~= ARGV[1] do
      local alive = redis.call('ZSCORE', KEYS[3], first)
      if alive and tonumber(alive) > now then break end
      redis.call('LPOP', KEYS[2])
      redis.call('ZREM', KEYS[3], first)
      first = redis.call('LINDEX', KEYS[2], 0)
    end
    if redis.call('EXISTS', KEYS[1]) == 0 and (not first or first == ARGV[1]) then
      if first then redis.call('LPOP', KEYS[2]) end
      redis.call('ZREM', KEYS[3], ARGV[1])
      local last = tonumber(redis.call('GET', KEYS[4]) or '0')
      local fence = string.format('%.0f', math.max(last, now * 1024) + 1)
      redis.call('SET', KEYS[4], fence)
      redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
      return fence
    end
    if ARGV[3] == '' then return '0' end
    if not redis.call('ZSCORE', KEYS[3], ARGV[1]) then redis.call('RPUSH', KEYS[2], ARGV[1]) end
    redis.call('ZADD', KEYS[3], now + ARGV[3], ARGV[1])
    redis.call('PEXPIRE', KEYS[2], 10 * ARGV[3])
    redis.call('PEXPIRE', KEYS[3], 10 * ARGV[3])
    return '0'`,

  // KEYS: the lock. ARGV: who has it; for how long from now on.
  renew: `
    if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
    return redis.call('PEXPIRE', KEYS[1], ARGV[2])`,

  // KEYS: as above. ARGV: who has it, or waits; the channel of those who wait.
  unlock: `
    local had = 0
    if redis.call('GET', KEYS[1]) == ARGV[1] then had = redis.call('DEL', KEYS[1]) end
    redis.call('LREM', KEYS[2], 0, ARGV[1])
    redis.call('ZREM', KEYS[3], ARGV[1])
    redis.call('PUBLISH', ARGV[2], '')
    return had`,
};

const shas = { __proto__: null };
for (const [name, source] of Object.entries(sources)) shas[name] = createHash('sha1').update(source).digest('hex');

/** The scripts, on one connection. */
class Scripts {
  #client;
  #sent = new Set(); // in this turn of the loop

  /** @param {import('./client.js').Client} client */
  constructor(client) {
    this.#client = client;
  }

  /**
   * Runs a script. The first one of its kind in a turn of the loop goes as text: the server may not know it, or not know it any
   * more, and what it can't do at once would be done after what has been asked for later.
   */
  async run(name, keys, given) {
    const rest = [`${keys.length}`, ...keys, ...given];
    const asText = ['EVAL', sources[name], ...rest];
    try {
      if (this.#isFirst(name)) return await this.#client.send(asText);
      return await this.#client.send(['EVALSHA', shas[name], ...rest]);
    } catch (error) {
      if (wordOf(error) === 'OOM') throw errors.storeFull();
      if (wordOf(error) !== 'NOSCRIPT') throw error;
      return this.#client.send(asText);
    }
  }

  #isFirst(name) {
    if (this.#sent.has(name)) return false;
    if (this.#sent.size === 0) setImmediate(() => (this.#sent = new Set()));
    this.#sent.add(name);
    return true;
  }
}

module.exports = { Scripts };
