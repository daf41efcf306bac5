'use strict';

// Parts of what is shared, with a keeper that the test plays.

const assert = require('node:assert');
const os = require('node:os');
const { setImmediate: turn } = require('node:timers/promises');
const { test } = require('node:test');
const { Keeper } = require('../lib/sharing/keeper.js');
const { Store } = require('../lib/sharing/store.js');
const { Topics } = require('../lib/sharing/topics.js');
const { decode } = require('../lib/sharing/values.js');
const { Watch } = require('../lib/sharing/watch.js');

const limit = { timeout: 10_000 };

/** A keeper, what it has asked, and the way on which it is answered. */
function makeKeeper(answer = () => 0) {
  const frames = [];
  const way = { isKept: false };
  const keeper = new Keeper(
    (events) => {
      Object.assign(way, events);
      return {
        send(text) {
          frames.push(JSON.parse(`[${text}]`));
          return answer(text);
        },
        keepAlive: (yes) => (way.isKept = yes),
        close() {},
      };
    },
    () => {},
  );
  return { keeper, frames, way };
}

test('a value that can not be read rejects the call that asked for it, and no other', limit, async () => {
  const { keeper, way } = makeKeeper();
  const read = ([, value]) => decode(value);
  const calls = Promise.allSettled([keeper.ask('{"get":[0,"a"]}', read), keeper.ask('{"get":[0,"b"]}', read)]);
  await turn();
  way.ontext('[[1,{"clone":"AAAA"}],[2,5]]');
  const [first, second] = await calls;
  assert.strictEqual(first.reason.code, 'ERR_CLUSTER_RS_NOT_READABLE');
  assert.strictEqual(second.value, 5);
});

test('what is too large to be sent is refused alone', limit, async () => {
  const isLarge = (text) => text.length > 3e6;
  const { keeper, frames, way } = makeKeeper((text) => (isLarge(text) ? -os.constants.errno.EMSGSIZE : 0));
  const set = (size) => keeper.ask(`{"set":[0,"k","${'x'.repeat(size)}",null]}`, () => 'done');
  const calls = Promise.allSettled([set(1), set(2e6), set(4e6), set(1), set(1)]);
  await turn();
  assert.deepStrictEqual(
    frames.map((frame) => frame.map(([number]) => number)),
    [[1], [2], [3], [4, 5]],
  );
  way.ontext('[[1],[2],[4],[5]]');
  const outcomes = (await calls).map(({ value, reason }) => value ?? reason.code);
  assert.deepStrictEqual(outcomes, ['done', 'done', 'ERR_CLUSTER_RS_MESSAGE_TOO_LARGE', 'done', 'done']);
});

test('who has left is kept alive by what is answered soon only', limit, async () => {
  const { keeper, way } = makeKeeper();
  keeper.hold();
  keeper.ask(
    '{"lock":["a",0,null]}',
    () => {},
    () => {},
  );
  await turn();
  assert.ok(way.isKept);
  keeper.leave();
  while (way.isKept) await turn();
  const call = keeper.ask('{"size":0}', ([, size]) => size);
  await turn();
  assert.ok(way.isKept);
  way.ontext('[[2,7]]');
  assert.strictEqual(await call, 7);
  while (way.isKept) await turn();
});

test('a store that gets the same bounds again asks for nothing', limit, async () => {
  const { keeper, frames } = makeKeeper();
  const store = new Store('a', { maxEntries: 1 }, { keeper, watches: new Map(), warn() {}, serialization() {} });
  for (const maxEntries of [1, 2, 2, 1]) store.setOptions({ maxEntries });
  await turn();
  const requests = frames.flat().map(([, request]) => Object.keys(request)[0]);
  assert.deepStrictEqual(requests, ['open', 'bound', 'bound']);
});

test('a subscription that has ended with the keeper is not given back twice', limit, async () => {
  let holds = 0;
  const keeper = { hold: () => holds++, release: () => holds--, ask: async () => {}, tell() {} };
  const topics = new Topics(keeper, JSON.stringify);
  const subscription = await topics.subscribe('a', () => {});
  assert.strictEqual(holds, 1);
  topics.end();
  await subscription.unsubscribe();
  assert.strictEqual(holds, 0);
});

test('what a slow reader of a watch has not read is bounded, and what is lost is told', limit, async () => {
  const lost = [];
  const warned = [];
  const watch = new Watch(
    () => {},
    (count) => warned.push(count),
  );
  watch.on('lost', (count) => lost.push(count));
  const reader = watch[Symbol.asyncIterator]();
  const waiting = reader.next();
  const value = 'x'.repeat(1024 * 1024);
  for (let i = 0; i < 20; i++) watch.hear('set', `${i}`, value);
  assert.strictEqual((await waiting).value.key, '0');
  assert.deepStrictEqual(lost, []);
  assert.strictEqual((await reader.next()).value.key, '1');
  assert.deepStrictEqual([lost, warned], [[11], [11]]);
  watch.hear('delete', 'a');
  watch.close();
  let left = 0;
  for await (const { key } of { [Symbol.asyncIterator]: () => reader }) left += key === 'a' ? 100 : 1;
  assert.strictEqual(left, 107);
});
