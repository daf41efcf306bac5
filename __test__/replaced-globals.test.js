'use strict';

// A supervised service whose program replaces the functions of all globals and of their prototypes, in the primary and in the
// workers: it is started, looked at, reloaded, and kept alive all the same, and clients find their sessions. What the API of
// Node's has as well is in `differential/programs/globals-all-replaced.js`.

const assert = require('node:assert');
const path = require('node:path');
const { describe, it } = require('node:test');
const { freePort, get, startOurs, until, write } = require('./support.js');

const timeout = 120_000;
const fixture = path.join(__dirname, 'differential/programs/fixtures/replace-globals.js');

/** The program; what it calls itself afterwards it takes before. */
function app({ fixture, scheduling, port }) {
  const cluster = require('cluster');
  const fs = require('fs');
  const http = require('http');
  const replaceGlobals = require(fixture);
  const { stringify } = JSON;
  const print = (text) => fs.writeSync(1, `${text}\n`);

  if (cluster.isPrimary) {
    cluster.setupPrimary({ scheduling });
    const { stdin } = process;
    const supervisor = cluster.supervise({ workers: 2, spares: 1, minDelay: 10, reloadSignals: ['SIGHUP'] });
    supervisor.on('ready', () => print('ready'));
    supervisor.on('death', () => print('death'));
    supervisor.on('workerReady', ({ process: { pid } }) => print(`worker ${pid} is ready`));
    supervisor.on('reloaded', () => print('reloaded'));
    stdin.setEncoding('latin1').on('data', async (line) => {
      const [does] = line;
      if (does === 'r') await supervisor.reload();
      if (does === 'e') await supervisor.restart();
      if (does === '+') await supervisor.scale(3);
      if (does === '-') await supervisor.scale(1);
      print(`did ${stringify(supervisor.status())}`);
    });
    replaceGlobals();
  } else {
    replaceGlobals();
    const { pid } = process;
    let sessions = 0;
    const server = http.createServer((request, response) => {
      if (request.url === '/new') {
        const id = `${pid}x${++sessions}`;
        response.setHeader('Set-Cookie', `sid=${id}`);
        response.end(`{"sid":"${id}"}`);
      } else {
        response.end(`${pid}`);
      }
    });
    server.listen(port, '127.0.0.1');
  }
}

/** Starts the program; gives it with a way to have it do something, which gives the status afterwards. */
async function serve(t, by) {
  const port = await freePort();
  const program = startOurs(t, [write(t, app, { fixture, scheduling: { policy: 'sticky', key: by }, port })]);
  await program.line(/^ready$/);
  let done = 0;
  const tell = async (what) => {
    program.tell(what);
    return JSON.parse((await program.line(/^did (.*)/, ++done))[1]);
  };
  return { port, program, tell };
}

const statesOf = (status) => status.map(({ state }) => state).sort();

describe('a service whose globals are replaced', () => {
  it('is looked at, reloaded, restarted, scaled and stopped', { timeout }, async (t) => {
    const { port, program, tell } = await serve(t, 'ip');
    const settled = (count) =>
      until(async () => {
        const status = await tell('status');
        const isSettled = statesOf(status).join() === [...Array(count).fill('ready'), 'spare'].join();
        return isSettled && status;
      }, `${count} workers and a spare, in ${program.output}`);
    const [one] = await settled(2);
    assert.ok(one.memory > 0 && one.uptime > 0 && one.lag >= 0);

    process.kill(one.pid, 'SIGKILL');
    await program.line(/^death$/);
    await settled(2);
    for (const [what, count] of Object.entries({ reload: 2, 'end all, and start': 2, '+': 3, '-': 1 })) {
      await tell(what);
      const status = await settled(count);
      assert.ok(!status.some(({ pid }) => pid === one.pid));
      assert.match(await get(port), /^\d+$/);
    }

    program.child.kill('SIGHUP');
    await program.line(/^reloaded$/, 2);
    program.child.kill('SIGTERM');
    assert.strictEqual(await program.end(), 0, program.output);
    assert.strictEqual(program.stderr, '');
  });

  for (const [by, send] of Object.entries({
    'cookie:sid': (id) => ({ headers: { Cookie: `sid=${id}` } }),
    'query:sid': (id) => ({ path: `/?sid=${id}` }),
  })) {
    it(`recognises its clients by ${by}`, { timeout }, async (t) => {
      const { port, program } = await serve(t, by);
      for (let session = 0; session < 8; session++) {
        const { sid } = JSON.parse(await get(port, { path: '/new' }));
        for (let i = 0; i < 4; i++) assert.strictEqual(await get(port, send(sid)), sid.split('x')[0], program.output);
      }
    });
  }
});
