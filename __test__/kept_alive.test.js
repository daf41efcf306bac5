'use strict';

// Kept-alive connections under fire: workers are blocked, killed, reloaded and scaled while clients exchange whatever
// HTTP/1.1 allows. Each request is answered once, in its turn and with its own answer; none fails but in a worker that
// was killed. KEPT_ALIVE_SECONDS says how long for each policy, CHAOS_SEED does the same again as far as time allows.

const assert = require('node:assert');
const path = require('node:path');
const readline = require('node:readline');
const { test } = require('node:test');
const { setTimeout: delay } = require('node:timers/promises');
const { chanceOf } = require('./chaos/chance.js');
const { Client } = require('./kept_alive/client.js');
const { freePort, startOurs, until } = require('./support.js');

const SECONDS = Number(process.env.KEPT_ALIVE_SECONDS ?? 6);
const SEED = Number(process.env.CHAOS_SEED ?? Date.now() % 1_000_000);
const CLIENTS = 16;

// For how long after a kill its clients may still find out, in milliseconds.
const FINDS_OUT = 5000;

const policies = [
  { policy: 'rr' },
  { policy: 'least' },
  { policy: 'sticky', key: 'ip' },
  { policy: 'sticky', key: 'header:x-client' },
];

for (const settings of policies) {
  const name = [settings.policy, settings.key].filter(Boolean).join(' by ');
  for (const kills of [false, true]) {
    const limit = { timeout: 120_000 + SECONDS * 2000 };
    test(`${name}${kills ? ', with kills' : ''}: each request has its answer`, limit, async (t) => {
      t.diagnostic(`seed ${SEED}`);
      const chance = chanceOf(SEED);
      const random = () => chance.between(0, 1_000_000) / 1_000_001;
      const port = await freePort();
      const program = startOurs(t, [
        path.join(__dirname, 'kept_alive/program.js'),
        `${port}`,
        JSON.stringify(settings),
      ]);
      const said = [];
      readline.createInterface({ input: program.child.stdout }).on('line', (line) => said.push(JSON.parse(line)));
      await until(
        () => said.find(({ event }) => event === 'ready'),
        () => `the workers in:${program.output}`,
      );

      let isOver = false;
      const running = Array.from({ length: CLIENTS }, (_, i) => new Client(port, `c${i}`, random).run(() => isOver));
      const orders = [
        'block 50',
        'block 200',
        'block 400',
        'reload',
        'scale 2',
        'scale 4',
        ...(kills ? ['kill', 'kill'] : []),
      ];
      for (const end = Date.now() + SECONDS * 1000; Date.now() < end;) {
        program.tell(chance.oneOf(orders));
        await delay(chance.between(50, 400));
      }
      isOver = true;
      const summaries = await Promise.all(running);
      const all = (what) => summaries.flatMap((summary) => summary[what]);
      const killed = said.filter(({ event }) => event === 'kill').map(({ at }) => at);
      const isOfKill = ({ at, message }) =>
        message !== 'hangs' && killed.some((time) => at >= time && at <= time + FINDS_OUT);
      assert.deepStrictEqual(all('wrong'), []);
      assert.deepStrictEqual(
        all('failed').filter((failure) => !isOfKill(failure)),
        [],
      );
      program.tell('figures');
      const { figures } = await until(() => said.find(({ event }) => event === 'figures'), 'the figures');
      // Where a client belongs to a worker, only reloads move it, and there may have been none.
      assert.ok(figures.moved > 0 || settings.policy === 'sticky');
      const exchanges = summaries.reduce((sum, summary) => sum + summary.exchanges, 0);
      t.diagnostic(
        `${exchanges} exchanges, ${figures.moved} moves, ${killed.length} workers killed, ${all('failed').length} failures with them`,
      );
    });
  }
}
