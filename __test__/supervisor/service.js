'use strict';

// A service under supervision that says what happens, and does what it is told.

const { freePort, get, startOurs, until, write } = require('../support.js');

/** A server whose answer is its process's id, and which does what its clients ask for. */
function app() {
  const http = require('http');
  const fs = require('fs');
  const version = fs.existsSync(process.env.VERSION) ? fs.readFileSync(process.env.VERSION, 'utf8') : '1';
  if (version === 'broken') throw new Error('this version is broken');
  const kept = [];
  const server = http.createServer(({ url }, response) => {
    if (url === '/crash') process.exit(1);
    if (url === '/work') for (const end = Date.now() + 20; Date.now() < end;);
    if (url === '/block') for (const end = Date.now() + 2500; Date.now() < end;);
    if (url === '/grow') kept.push(Buffer.alloc(150 * 1024 * 1024, 1));
    if (url === '/never') setInterval(() => {}, 1000);
    if (url === '/leave') setInterval(() => require('cluster').worker.disconnect(), 1000); // And it lives on.
    if (url === '/slow') return setTimeout(() => response.end(`${process.pid}`), 700);
    response.end(url === '/version' ? version : `${process.pid}`);
  });
  if (process.env.LISTEN !== 'no') server.listen(process.env.PORT, '127.0.0.1');
  const later = () =>
    http.createServer((request, response) => response.end('later')).listen(process.env.LATER, '127.0.0.1');
  if (process.env.LATER) setTimeout(later, 300);
  if (process.env.READY) setTimeout(() => require('cluster').worker.ready(), 300);
  process.on('lameDuck', () => console.log(`worker ${process.pid} is a lame duck`));
  process.on('exit', () => console.log(`exit ${process.pid}`));
}

/** The primary: it prints the supervisor's events, and obeys. */
function primary({ exec, options, settings }) {
  const cluster = require('cluster');
  cluster.setupPrimary({ exec, ...settings });
  const supervisor = cluster.supervise(options);
  Object.assign(globalThis, { cluster, supervisor });
  const events = [
    'ready',
    'workerReady',
    'startFailed',
    'death',
    'giveUp',
    'hang',
    'replace',
    'scaled',
    'notScaled',
    'reload',
    'reloaded',
    'stop',
  ];
  for (const event of events) {
    supervisor.on(event, (...about) => {
      const text = about.map((one) => one?.process?.pid ?? one);
      console.log([event, ...text].join(' '));
    });
  }
  require('readline')
    .createInterface({ input: process.stdin })
    .on('line', async (line) => {
      try {
        console.log(`did ${JSON.stringify(await eval(line))}`);
      } catch ({ code, message }) {
        console.log(`failed ${code} ${message}`);
      }
    });
}

/**
 * Starts a primary that supervises workers.
 * @param {import('node:test').TestContext} t
 * @param {object} options of the supervisor
 * @param {object} [env] variables of the primary
 * @param {object} [settings] for `setupPrimary`
 */
async function supervise(t, options, env, settings) {
  const port = await freePort();
  const given = { exec: write(t, app), options, settings };
  const program = startOurs(t, [write(t, primary, given)], { env: { PORT: `${port}`, ...env } });
  const tell = async (line) => {
    const count = () => program.lines(/^(did|failed) /).length;
    const before = count();
    program.tell(line);
    await until(
      () => count() > before,
      () => `an answer to ${line} in ${program.output}`,
    );
    return program.lines(/^(?:did|failed) (.*)/).at(-1)[1];
  };
  const status = async () => JSON.parse(await tell('supervisor.status()'));
  const pids = async () => JSON.parse(await tell('supervisor.workers.map((worker) => worker.process.pid)'));
  return { port, program, tell, status, pids };
}

/** Sends a slow request, the first that there is; fulfilled with `{ answer }`, a promise of its text, when a worker has it. */
async function beginSlow({ port, status }) {
  const answer = get(port, { path: '/slow' });
  const requests = async () => (await status()).reduce((sum, worker) => sum + worker.requests, 0);
  await until(async () => (await requests()) > 0, 'the request');
  return { answer };
}

module.exports = { beginSlow, supervise };
