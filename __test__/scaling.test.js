'use strict';

// The number of workers follows the load: what is decided, what it is decided by, and a service that does so.

const assert = require('node:assert');
const fs = require('node:fs');
const { describe, test } = require('node:test');
const { Load, medianOf } = require('../lib/supervisor/load.js');
const { Scaling } = require('../lib/supervisor/scaling.js');
const { EVERY, MEGABYTE, chance, follow, sampleOf } = require('./scaling/loads.js');
const recorded = require('./scaling/recorded.json');
const { supervise } = require('./supervisor/service.js');
const { get, kill, until, write } = require('./support.js');

const limit = { timeout: 120_000 };

const sizesOf = (decisions) => decisions.map(({ size }) => size);

describe('how many workers a load is given', () => {
  test('ten times the load at once: as many as it takes, within a second', () => {
    const decisions = follow({}, 60, (now) => (now < 10 ? 0.5 : 5));
    const [first] = decisions;
    assert.ok(first.at > 10 && first.at <= 11 && first.size >= 5, JSON.stringify(decisions));
    assert.match(first.reason, /^connections have waited \d+ ms$/);
    assert.ok(sizesOf(decisions).every((size, i, all) => size <= 8 && size > (all[i - 1] ?? 2)));
  });

  test('a load that grows until nobody rests: more before connections wait', () => {
    const decisions = follow({}, 60, (now) => Math.min(1.9, now / 10));
    assert.deepStrictEqual(sizesOf(decisions), [3]);
    assert.match(decisions[0].reason, /^event loops are busy 8\d % of the time$/);
  });

  test('a load that ends: one fewer a minute, down to the least', () => {
    const decisions = follow({ size: 6 }, 600, (now) => (now < 30 ? 3 : 0.2));
    assert.deepStrictEqual(sizesOf(decisions), [5, 4, 3, 2]);
    const times = decisions.map(({ at }) => at);
    assert.ok(times[0] >= 90, times.join());
    for (let i = 1; i < times.length; i++) assert.ok(times[i] - times[i - 1] >= 60, times.join());
    assert.match(decisions[0].reason, /^event loops have been busy \d+ % of the time$/);
  });

  test('or never, where that has been said', () => {
    assert.deepStrictEqual(
      follow({ size: 6, scaleDownAfter: 0 }, 600, () => 0),
      [],
    );
  });

  test('no fewer where those that are left would be busy', () => {
    assert.deepStrictEqual(
      follow({ size: 4 }, 600, () => 1.8),
      [],
    );
  });

  test('a saw tooth: the number stays where it has come to', () => {
    for (const period of [5, 20, 60]) {
      const decisions = follow({}, 1200, (now) => 5 * ((now % period) / period));
      const sizes = sizesOf(decisions);
      assert.ok(
        sizes.length > 0 && sizes.every((size, i) => size > (sizes[i - 1] ?? 2)),
        `${period}: ${JSON.stringify(decisions)}`,
      );
    }
  });

  test('one of several is stuck: no more', () => {
    for (const size of [2, 3, 8]) {
      const stuck = (sample) => ({
        ...sample,
        utilizations: [1, ...sample.utilizations.slice(1)],
      });
      assert.deepStrictEqual(
        follow({ size, min: size, max: 16 }, 120, () => size * 0.45, stuck),
        [],
      );
    }
  });

  test('the only one is stuck: one more, and no further ones', () => {
    const stuck = (sample) => ({ ...sample, utilizations: [1, ...sample.utilizations.slice(1)] });
    const decisions = follow({ size: 1, min: 1 }, 120, () => 0.1, stuck);
    assert.deepStrictEqual(sizesOf(decisions), [2]);
  });

  test('a short spike: no more, and calm goes on', () => {
    const spike = (now) => (now % 20 < 0.3 ? 2.1 : 0.2);
    assert.deepStrictEqual(
      follow({}, 120, spike).filter(({ size }) => size > 2),
      [],
    );
    assert.deepStrictEqual(sizesOf(follow({ size: 4 }, 150, spike)), [3, 2]);
  });

  test('noise: no more and no fewer', () => {
    for (let seed = 1; seed <= 50; seed++) {
      const random = chance(seed);
      const noisy = (sample) => ({
        ...sample,
        utilizations: sample.utilizations.map(() => 0.35 + 0.5 * random.next().value),
        queueTime: random.next().value < 0.5 ? undefined : 18 * random.next().value ** 2,
      });
      const decisions = follow({ size: 4 }, 300, () => 0, noisy);
      assert.deepStrictEqual(decisions, [], `seed ${seed}`);
    }
  });

  test('little memory: as many more as there is room for, and none without', () => {
    const left = (megabytes) => (sample) => ({ ...sample, availableMemory: megabytes * MEGABYTE });
    const busy = () => 10;
    assert.deepStrictEqual(sizesOf(follow({}, 1.6, busy, left(250))), [4]);
    const held = follow({}, 60, busy, left(99));
    assert.deepStrictEqual(held, [
      { at: 1, size: 8, reason: 'a worker has 100 MB of memory, and 99 MB are left', isHeld: true },
    ]);
    // It is said again only when there has been calm.
    const again = follow({}, 60, (now) => (now < 2 || now > 40 ? 10 : 0), left(99));
    assert.deepStrictEqual(
      again.map(({ isHeld }) => isHeld),
      [true, true],
    );
  });

  test('never out of the range', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = chance(seed);
      const pick = (least, most) => least + Math.floor(random.next().value * (most - least + 1));
      const min = pick(1, 6);
      const max = pick(min + 1, 12);
      const anything = (sample) => ({
        ...sample,
        time: sample.time + pick(0, EVERY - 1),
        inService: pick(0, sample.size),
        utilizations: Array.from({ length: pick(0, sample.size) }, () => random.next().value),
        queueTime: [undefined, 0, 30, 1e6][pick(0, 3)],
        availableMemory: pick(0, 1000) * MEGABYTE,
      });
      const decisions = follow({ size: pick(1, 14), min, max, scaleDownAfter: 1000 }, 60, () => 0, anything);
      for (const { size } of decisions) assert.ok(size >= min && size <= max, `seed ${seed}`);
    }
  });

  test('after a gap or a change of the number nothing of before counts', () => {
    const scaling = new Scaling({ min: 1, max: 8, scaleDownAfter: 1000 });
    const busy = { size: 1, inService: 1, utilizations: [1], largestWorker: 1, availableMemory: 100 };
    const decide = (time, others) => scaling.decide({ ...busy, ...others, time });
    assert.strictEqual(decide(0), undefined);
    assert.strictEqual(decide(900), undefined); // It has had no time yet.
    assert.strictEqual(decide(5000), undefined);
    assert.strictEqual(decide(5200), undefined);
    assert.deepStrictEqual(sizesOf([decide(5400)]), [2]);
    const both = { size: 2, inService: 2, utilizations: [1, 1] };
    for (const time of [5600, 5800, 6000, 6200, 6400]) assert.strictEqual(decide(time, both), undefined);
    assert.deepStrictEqual(sizesOf([decide(6600, both)]), [4]);
  });

  for (const { name, options, rows, sizes } of recorded) {
    test(`recorded: ${name}`, () => {
      const scaling = new Scaling(options);
      const decisions = rows.map((row) => scaling.decide(sampleOf(row))).filter(Boolean);
      assert.deepStrictEqual(sizesOf(decisions), sizes, JSON.stringify(decisions));
    });
  }
});

describe('what that is decided by', () => {
  test('half of the connections have waited at least', () => {
    const bounds = [10, 20, Infinity];
    const median = (...counts) => medianOf(bounds.map((upTo, i) => ({ upTo, count: counts[i] })));
    assert.strictEqual(median(0, 0, 0), undefined);
    assert.strictEqual(median(4, 0, 0), 5);
    assert.strictEqual(median(1, 2, 1), 15);
    assert.strictEqual(median(0, 1, 9), 20);
    assert.strictEqual(median(1, 1, 0), 10);
  });

  /** What stands for the addon, with figures that a test changes. */
  function fake() {
    const workers = new Map();
    const counts = Array(17).fill(0);
    return {
      workers,
      counts,
      figures: () => ({ listeners: [{ queueTime: { count: 0, sum: 0, buckets: [...counts] } }] }),
      workerFigures: (id) => workers.get(id),
    };
  }
  const member = (id, ill) => ({ ill, worker: { id, process: { pid: process.pid } } });

  test('how busy loops were since the last time', () => {
    const native = fake();
    const load = new Load(native);
    native.workers.set(1, { at: 1000, idle: 500, stillFor: 0 }).set(2, { at: 1000, idle: 0, stillFor: 0 });
    assert.deepStrictEqual(load.sample(2, [member(1), member(2)]).utilizations, []);
    native.workers.set(1, { at: 1200, idle: 550, stillFor: 0 }).set(2, { at: 1200, idle: 200, stillFor: 0 });
    assert.deepStrictEqual(load.sample(2, [member(1), member(2)]).utilizations, [0.75, 0]);
    // Of the first nothing has been heard since, which says nothing yet; the second has gone; the third has just come.
    native.workers.set(3, { at: 1200, idle: 0, stillFor: 0 });
    native.workers.get(1).stillFor = 250;
    assert.deepStrictEqual(load.sample(2, [member(1), member(3)]).utilizations, [0.75]);
    native.workers.get(1).stillFor = 2000;
    assert.deepStrictEqual(load.sample(2, [member(1)]).utilizations, [1]);
    native.workers.set(1, { at: 1400, idle: 'nonsense', stillFor: 0 });
    assert.deepStrictEqual(load.sample(2, [member(1)]).utilizations, []);
  });

  test('how long the connections since then have waited, and the memory', () => {
    const native = fake();
    const load = new Load(native);
    native.counts[16] = 5;
    load.sample(1, [member(1)]);
    assert.strictEqual(load.sample(1, [member(1)]).queueTime, undefined);
    native.counts[7] += 3; // From 10 to 25 ms.
    const { queueTime, largestWorker, availableMemory } = load.sample(1, [member(1)]);
    assert.strictEqual(queueTime, 17.5);
    assert.ok(largestWorker > 10 * MEGABYTE && availableMemory > 0);
  });

  test('those that are ill do not count, as long as others are well', () => {
    const load = new Load(fake());
    assert.strictEqual(load.sample(2, [member(1, 'sick'), member(2)]).inService, 1);
    assert.strictEqual(load.sample(2, [member(1, 'sick'), member(2, 'sick')]).inService, 2);
  });
});

/** Clients that ask again and again, each time on a connection of its own. */
function ask(port, path, clients) {
  let isOver = false;
  let answers = 0;
  const client = async () => {
    while (!isOver) {
      await get(port, { path });
      answers++;
    }
  };
  const asking = Promise.all(Array.from({ length: clients }, client));
  return {
    answered: (count) => until(() => answers >= count, `${count} answers`),
    async end() {
      isOver = true;
      await asking;
      assert.ok(answers > 0);
    },
  };
}

// So many take one worker two seconds: it would not stay alone.
const MANY = 100;

describe('a service whose number of workers follows its load', () => {
  test('grows and shrinks, and no request fails', limit, async (t) => {
    const options = { workers: { min: 1, max: 3 }, scaleDownAfter: 1000 };
    const { port, program, status } = await supervise(t, options);
    await program.line(/^ready/);
    const load = ask(port, '/work', 8);
    await program.line(/^scaled \d 3 /);
    await load.end();
    const calm = ask(port, '/slow', 1);
    await program.line(/^scaled 3 2 event loops have been busy \d+ % of the time$/);
    await program.line(/^scaled 2 1 /);
    await calm.end();
    await until(async () => (await status()).length === 1, 'one worker in all');
    assert.strictEqual(program.lines(/^death/).length, 0, program.output);
  });

  test('puts spares into new places, and starts others', limit, async (t) => {
    const options = { workers: { min: 1, max: 3 }, spares: 2 };
    const { port, program, status, tell } = await supervise(t, options);
    await program.line(/^ready/);
    await until(async () => (await tell('supervisor.spares.length')) === '2', 'the spares');
    const before = (await status()).map(({ pid }) => pid);
    const load = ask(port, '/work', 8);
    await program.line(/^scaled \d 3 /);
    const serving = (await status()).filter(({ place }) => place !== undefined);
    assert.deepStrictEqual(serving.map(({ pid }) => pid).sort(), before.sort());
    assert.deepStrictEqual(serving.map(({ place }) => place).sort(), [0, 1, 2]);
    await until(async () => (await tell('supervisor.spares.length')) === '2', 'other spares');
    await load.end();
  });

  test('has the size that it is told, and follows the load again in a range', limit, async (t) => {
    const { port, program, tell } = await supervise(t, { workers: { min: 2, max: 3 } });
    await program.line(/^ready/);
    await tell('supervisor.scale(1)');
    const load = ask(port, '/work', 8);
    await load.answered(MANY);
    assert.strictEqual(await tell('supervisor.size'), '1');
    await tell('supervisor.scale({ min: 1, max: 2 })');
    await program.line(/^scaled 1 2 /);
    await tell('supervisor.scale({ min: 3, max: 4 })');
    assert.strictEqual(await tell('supervisor.size >= 3'), 'true');
    assert.match(await tell('supervisor.scale({ min: 2, max: 1 })'), /^ERR_OUT_OF_RANGE /);
    await load.end();
  });

  test('stays as it is where workers do not start, says so, and tries again', limit, async (t) => {
    const file = write(t, '1', null, 'version');
    const options = { workers: { min: 1, max: 2 }, minDelay: 1 };
    const { port, program, tell } = await supervise(t, options, { VERSION: file });
    await program.line(/^ready/);
    fs.writeFileSync(file, 'broken');
    const load = ask(port, '/work', 8);
    await program.line(/^notScaled 2 worker \d+ exited with code 1 before it was listening$/);
    assert.strictEqual(await tell('supervisor.size'), '1');
    fs.writeFileSync(file, '2');
    await program.line(/^scaled 1 2 /);
    await load.end();
  });

  test('does nothing during a reload, and goes on after it', limit, async (t) => {
    const { port, program, status, tell } = await supervise(t, { workers: { min: 1, max: 2 } });
    await program.line(/^ready/);
    await tell("process.env.LISTEN = 'no'");
    program.tell('supervisor.reload()');
    await program.line(/^reload 0 1/);
    const load = ask(port, '/work', 8);
    await load.answered(MANY);
    assert.strictEqual(program.lines(/^scaled/).length, 0);
    await tell('delete process.env.LISTEN');
    await kill((await status()).find(({ state }) => state === 'starting').pid);
    await program.line(/^failed ERR_CLUSTER_RS_RELOAD_FAILED/);
    await program.line(/^scaled 1 2 /);
    await load.end();
  });
});
