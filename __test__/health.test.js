'use strict';

// Workers that say that they are ill.

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { freePort, get, root, run, scratch, start, startOurs, until, write } = require('./support.js');

const limit = { timeout: 120_000 };
const bin = path.join(root, 'bin', 'cluster-rs.js');

// A worker is ill while there is a file that is named after its place, or `all`, for the reason that stands in it.
const app = `
  const fs = require('fs');
  const { worker } = require('cluster');
  const read = (name) => fs.existsSync(name) && fs.readFileSync(name, 'utf8');
  worker.health(
    async () => {
      const why = read('all') || read('place' + worker.place);
      if (why === 'false') return false;
      if (why === 'hangs') await new Promise(() => {});
      if (why) throw new Error(why);
    },
    { interval: 10, timeout: 200 },
  );
  require('http')
    .createServer((request, response) => response.end(String(worker.id)))
    .listen(process.env.PORT, '127.0.0.1');
`;

async function serve(t, ...args) {
  const folder = scratch(t);
  fs.writeFileSync(path.join(folder, 'app.js'), app);
  const port = await freePort();
  const options = { cwd: folder, env: { XDG_RUNTIME_DIR: folder, PORT: `${port}` } };
  const program = start(t, [bin, 'app.js', '--name', 'api', '-w', '2', ...args], options);
  const says = (pattern) =>
    until(
      () => pattern.test(program.stderr),
      () => `${pattern} in: ${program.output}`,
    );
  await says(/ is running with /);
  return {
    command: (...words) => run(t, [bin, ...words], options),
    /** Makes the worker in a place, or 'all', ill for a reason; well, without one. */
    ail(who, why) {
      const file = path.join(folder, who);
      if (why === undefined) fs.rmSync(file);
      else fs.writeFileSync(`${file}~`, why);
      if (why !== undefined) fs.renameSync(`${file}~`, file);
    },
    async status() {
      const { stdout } = await run(t, [bin, 'status', 'api', '--json'], options);
      return JSON.parse(stdout).workers;
    },
    /** Who has answered so many connections. */
    async answers(count) {
      const found = new Set();
      for (let i = 0; i < count; i++) found.add(Number(await get(port)));
      return [...found].sort();
    },
    port,
    program,
    says,
  };
}

test('a worker that is ill gets no new connections until it is well', limit, async (t) => {
  const { ail, answers, command, says, status } = await serve(t);
  ail('place0', 'no database');
  await says(/^cluster-rs: worker 1 is ill: no database$/m);
  assert.deepStrictEqual(await answers(20), [2]);
  const [one, two] = await status();
  assert.deepStrictEqual([one.state, one.ill, two.state, two.ill], ['ill', 'no database', 'ready', undefined]);
  assert.match((await command('status', 'api')).stdout, /\n +1 +\d+ +ill .*\n(.*\n)+worker 1 is ill: no database\n$/);
  ail('place0');
  await says(/^cluster-rs: worker 1 is well again$/m);
  await until(async () => (await answers(20)).includes(1), 'worker 1 to answer');
  assert.deepStrictEqual(
    (await status()).map(({ state }) => state),
    ['ready', 'ready'],
  );
});

test('a check that fails in any way is an illness', limit, async (t) => {
  const { ail, says } = await serve(t);
  ail('place0', 'false');
  await says(/^cluster-rs: worker 1 is ill: the health check has given false$/m);
  ail('place1', 'hangs');
  await says(/^cluster-rs: worker 2 is ill: no answer of the health check within 200 ms$/m);
});

test('where all are ill, all serve', limit, async (t) => {
  const { ail, answers, says } = await serve(t);
  ail('place0', 'no database');
  await says(/worker 1 is ill/);
  assert.deepStrictEqual(await answers(10), [2]);
  ail('all', 'no network');
  await says(/worker 2 is ill: no network/);
  await until(async () => (await answers(20)).length === 2, 'both to answer');
});

test('one that stays ill is replaced', limit, async (t) => {
  const { ail, says, status } = await serve(t, '--ill-timeout', '100ms');
  ail('place1', 'out of ideas');
  await says(/^cluster-rs: worker 2 is being replaced: ill$/m);
  ail('place1'); // Until then the next one is ill, too, and has no place.
  await until(async () => {
    const workers = await status();
    return workers.length === 2 && workers.every(({ id, state }) => id !== 2 && state === 'ready');
  }, 'another worker');
});

test('new workers that are ill take no place', limit, async (t) => {
  const { ail, answers, command, status } = await serve(t, '--start-timeout', '2s');
  ail('all', 'bad release');
  const { code, stderr } = await command('reload', 'api');
  assert.strictEqual(code, 1);
  assert.match(stderr, /old workers kept: worker 3 is ill \(bad release\) after 2000 ms/);
  assert.deepStrictEqual(
    (await status()).map(({ id }) => id),
    [1, 2],
  );
  assert.strictEqual((await answers(1)).length, 1);
});

test('a primary without a supervisor hears of it, too', limit, async (t) => {
  const program = startOurs(t, [
    write(t, () => {
      const cluster = require('cluster');
      if (cluster.isPrimary) {
        const worker = cluster.fork();
        cluster.on('ill', ({ id }, why) => console.log('cluster', id, why));
        worker.on('ill', (why) => console.log('worker', why));
        worker.on('well', () => worker.kill());
        return;
      }
      for (const [check, options] of [[5], [() => {}, 5], [() => {}, { interval: 0 }], [() => {}, { timeout: '1' }]]) {
        try {
          cluster.worker.health(check, options);
        } catch ({ code, message }) {
          console.log(code, message);
        }
      }
      let checks = 0;
      cluster.worker.health(() => ++checks !== 2, { interval: 1 });
      setInterval(() => {}, 1000);
    }),
  ]);
  assert.strictEqual(await program.end(), 0, program.output);
  assert.deepStrictEqual(program.stdout.split('\n').slice(0, -1), [
    'ERR_INVALID_ARG_TYPE The "check" argument must be of type function. Received type number (5)',
    'ERR_INVALID_ARG_TYPE The "options" argument must be of type object. Received type number (5)',
    'ERR_OUT_OF_RANGE The value of "options.interval" is out of range. It must be a number of milliseconds > 0 && < 2147483648. Received type number (0)',
    'ERR_INVALID_ARG_TYPE The "options.timeout" property must be of type number. Received type string (\'1\')',
    'worker the health check has given false',
    'cluster 1 the health check has given false',
  ]);
});
