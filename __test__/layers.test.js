'use strict';

// A program that uses every addition, on the layer that is tested: it prints what "What works where" in docs/fallback.md says.

const assert = require('node:assert');
const { test } = require('node:test');
const { freePort, isPortable, startOurs, write } = require('./support.js');

function program({ port }) {
  const cluster = require('cluster');
  const http = require('http');
  const { setTimeout: delay } = require('timers/promises');

  if (cluster.isWorker) {
    cluster.onRequest(({ double }) => {
      if (double === 0) throw Object.assign(new Error('nothing to double'), { code: 'E_ZERO' });
      return 2 * double;
    });
    process.on('message', async ({ ask }) => {
      if (ask) process.send({ answer: await cluster.worker.request({ ask }) });
    });
    cluster.worker.on('place', (place) => process.send({ promoted: place }));
    const server = http.createServer((request, response) => {
      if (request.url === '/pinned') cluster.worker.pin(request.socket);
      response.end(`${cluster.worker.id}`);
    });
    server.listen(port, '127.0.0.1', () => cluster.worker.ready());
    return;
  }

  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const get = (options) =>
    new Promise((resolve, reject) => {
      const request = http.get({ host: '127.0.0.1', port, agent: false, ...options }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part) => (text += part));
        response.on('end', () => resolve({ worker: Number(text), connection: response.headers.connection }));
      });
      request.on('error', reject);
    });
  const many = async (count) => {
    const answers = {};
    for (let i = 0; i < count; i++) {
      const { worker } = await get();
      answers[worker] = (answers[worker] ?? 0) + 1;
    }
    return answers;
  };
  const until = async (condition) => {
    while (!(await condition())) await delay(10);
  };
  const print = (...values) => console.log(...values.map((value) => JSON.stringify(value)));

  const messages = [];
  cluster.on('message', (worker, message) => messages.push(message));
  cluster.onRequest(({ ask }, worker) => `${ask} of ${worker.id}`);
  let reloads = 0;
  const supervisor = cluster.supervise({ workers: 2, spares: 1, waitReady: true, signals: false });
  supervisor.on('reloaded', () => reloads++);
  supervisor.once('ready', async () => {
    await until(() => supervisor.spares.length === 1);
    const [first, second] = supervisor.workers;
    print('native', cluster.native);
    print(
      'request',
      await first.request({ double: 21 }),
      await second.request({ double: 0 }).catch(({ code }) => code),
    );
    print('broadcast', cluster.broadcast({ ask: 'the time' }));
    await until(() => messages.length === 3);
    print('answers', messages.map(({ answer }) => answer).sort());
    print('places', first.place, second.place, supervisor.spares[0].place);

    first.pause();
    print(
      'paused',
      Object.keys(await many(10))
        .map(Number)
        .join() === `${second.id}`,
    );
    first.resume();
    second.weight = 0.25;
    print('weight', first.weight, second.weight, Object.keys(await many(10)).length > 0); // One that is busy is passed over.
    second.weight = 1;
    cluster.setScheduler(({ remoteAddress }, workers) => workers.find(() => remoteAddress === '127.0.0.1'));
    print('scheduler', await many(4));
    cluster.setScheduler(null);

    const { id } = first;
    first.process.kill('SIGKILL');
    await until(() => supervisor.workers.length === 2 && !supervisor.workers.some((worker) => worker.id === id));
    await until(() => messages.some(({ promoted }) => promoted === 0));
    print('promoted', supervisor.workers.map(({ place }) => place).sort());

    await get({ path: '/pinned' });
    await get({ agent });
    const reload = supervisor.reload();
    let closes = false;
    while (reloads === 0) {
      const { connection } = await get({ agent });
      closes ||= connection === 'close';
    }
    await reload;
    print('reload', closes ? 'closes' : 'moves');
    await supervisor.scale(3);
    print('scale', supervisor.workers.length, supervisor.size);
    const { accepted, taken, closed, waiting } = cluster.figures();
    print('figures', accepted > 20, taken >= accepted - closed - waiting);
    await until(() => supervisor.status().some(({ requests }) => requests > 0));
    print('status', Object.keys(supervisor.status()[0]).join());
    agent.destroy();
    await supervisor.stop();
    print('stopped', Object.keys(cluster.workers).length);
    process.exit();
  });
}

test('a program that uses every addition', { timeout: 120_000 }, async (t) => {
  const port = await freePort();
  const started = startOurs(t, [write(t, program, { port })]);
  assert.strictEqual(await started.end(), 0, started.output);
  assert.strictEqual(
    started.stdout,
    `"native" ${!isPortable}
"request" 42 "E_ZERO"
"broadcast" 3
"answers" ["the time of 1","the time of 2","the time of 3"]
"places" 0 1 undefined
"paused" true
"weight" 1 0.25 true
"scheduler" {"1":4}
"promoted" [0,1]
"reload" "${isPortable ? 'closes' : 'moves'}"
"scale" 3 3
"figures" true true
"status" "id,pid,place,state,ill,stack,uptime,connections,requests,lag,cpu,memory,restarts,listeners"
"stopped" 0
`,
    started.output,
  );
});
