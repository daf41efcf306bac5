'use strict';

// A supervised service under load, while its workers are replaced and killed. RELOADS and STORM_SECONDS make it longer.

const assert = require('node:assert');
const http = require('node:http');
const { test } = require('node:test');
const { setTimeout: delay } = require('node:timers/promises');
const { freePort, startOurs, write } = require('./support.js');

const reloads = Number(process.env.RELOADS ?? 5);
const stormSeconds = Number(process.env.STORM_SECONDS ?? 5);
const limit = { timeout: 120_000 + reloads * 5000 + stormSeconds * 2000 };

/** Says who answers at once, and ends the answer 20 ms later. */
function app() {
  const server = require('http').createServer((request, response) => {
    response.writeHead(200, { 'x-worker': process.pid });
    response.flushHeaders();
    setTimeout(() => response.end('done'), 20);
  });
  server.listen(process.env.PORT, '127.0.0.1');
}

function primary({ exec, options }) {
  const cluster = require('cluster');
  cluster.setupPrimary({ exec });
  const supervisor = cluster.supervise(options);
  supervisor.once('ready', () => console.log('ready'));
  supervisor.on('giveUp', () => console.log('given up'));
  supervisor.on('death', () => console.log(`in service ${supervisor.workers.length}`));
  require('readline')
    .createInterface({ input: process.stdin })
    .on('line', async (line) => {
      if (line === 'reload') await supervisor.reload();
      if (line === 'workers') console.log(`workers ${supervisor.workers.map((worker) => worker.process.pid).join()}`);
      else console.log('done');
    });
}

async function serve(t, options) {
  const port = await freePort();
  const program = startOurs(t, [write(t, primary, { exec: write(t, app), options })], { env: { PORT: `${port}` } });
  await program.line(/^ready/);
  return { port, program };
}

/** Asks again and again until it is told to stop; `failures` has what went wrong. */
function client(port, keepAlive) {
  const agent = keepAlive ? new http.Agent({ keepAlive: true, maxSockets: 1 }) : false;
  const failures = [];
  let isOver = false;
  let answered = 0;
  const ask = () =>
    new Promise((resolve) => {
      let worker;
      const fail = ({ code }) => {
        failures.push({ code, worker, at: Date.now() });
        resolve();
      };
      const request = http.get({ host: '127.0.0.1', port, agent, timeout: 20_000 });
      request.on('timeout', () => request.destroy(Object.assign(new Error(), { code: 'HANGS' })));
      request.on('error', fail).on('response', (response) => {
        worker = Number(response.headers['x-worker']);
        response.resume().on('error', fail);
        response.on('end', () => {
          answered++;
          resolve();
        });
      });
    });
  const run = async () => {
    while (!isOver) await ask();
    if (agent) agent.destroy();
    return { answered, failures };
  };
  const ended = run();
  return () => {
    isOver = true;
    return ended;
  };
}

async function stopAll(stops) {
  const all = await Promise.all(stops.map((stop) => stop()));
  return { answered: all.reduce((sum, one) => sum + one.answered, 0), failures: all.flatMap((one) => one.failures) };
}

test(`${reloads} reloads in a row fail no request`, limit, async (t) => {
  const { port, program } = await serve(t, { workers: 2 });
  const stops = Array.from({ length: 24 }, (_, i) => client(port, i % 3 !== 0));
  for (let i = 1; i <= reloads; i++) {
    program.tell('reload');
    await program.line(/^done/, i);
  }
  const { answered, failures } = await stopAll(stops);
  assert.deepStrictEqual(failures, []);
  assert.ok(answered > 100, `${answered}`);
});

test(`for ${stormSeconds} s a worker is killed every 200 ms: only its own requests fail`, limit, async (t) => {
  const options = { workers: 3, spares: 1, minDelay: 0, maxDelay: 0, maxDeaths: 1e6 };
  const { port, program } = await serve(t, options);
  const stops = Array.from({ length: 24 }, (_, i) => client(port, i % 3 !== 0));
  const killed = new Map();
  const end = Date.now() + stormSeconds * 1000;
  for (let i = 1; Date.now() < end; i++) {
    program.tell('workers');
    const [, text] = await program.line(/^workers (.*)/, i);
    const [pid] = text.split(',').map(Number);
    if (pid > 0 && !killed.has(pid)) {
      killed.set(pid, Date.now());
      process.kill(pid, 'SIGKILL');
    }
    await delay(200);
  }
  const { answered, failures } = await stopAll(stops);
  for (const { code, worker, at } of failures) {
    // Without a worker: it had taken the connection, and not begun to answer.
    const isOfKilled =
      worker === undefined ? [...killed.values()].some((time) => at >= time && at < time + 1000) : killed.has(worker);
    assert.ok(isOfKilled && code === 'ECONNRESET', `${code} ${worker}`);
  }
  assert.ok(answered > 50, `${answered}`);
  assert.ok(killed.size > stormSeconds, `${killed.size}`);
  t.diagnostic(`${answered} answered, ${killed.size} workers killed, ${failures.length} requests failed with them`);
});
