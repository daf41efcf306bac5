'use strict';

// Servers that listen without the primary: with `exclusive` or, since Node 22.12, `reusePort`.

const assert = require('node:assert');
const http = require('node:http');
const path = require('node:path');
const { test } = require('node:test');
const { freePort, get, scratch, startOurs, until, write } = require('./support.js');

const limit = { timeout: 60_000 };

/** Supervises two workers. One that is asked for `/slow` answers when it is told to go. */
function program(where) {
  const cluster = require('cluster');
  const http = require('http');
  if (cluster.isPrimary) {
    const supervisor = cluster.supervise({ workers: 2, startTimeout: 20_000 });
    supervisor.on('startFailed', (worker, error) => console.log(`failed ${error.message}`));
    supervisor.on('ready', () => console.log('ready'));
    cluster.on('listening', ({ id }, address) => console.log(`listening ${id} ${JSON.stringify(address)}`));
    cluster.on('exit', ({ id }, code) => console.log(`exit ${id} ${code}`));
    process.stdin.on('data', (line) => {
      if (`${line}`.startsWith('reload')) supervisor.reload().then(() => console.log('reloaded'));
      else cluster.broadcast('go');
    });
    return;
  }
  const { id } = cluster.worker;
  const server = http.createServer(({ url }, response) => {
    if (url !== '/slow') return response.end(`${id}`);
    response.write('begins ');
    process.once('message', () => response.end(`${id}`));
  });
  const path = where.path && `${where.path}${id}`;
  server.listen({ ...where, ...(path && { path }), exclusive: true });
}

test('a worker whose server is exclusive is listening, and ends with its answers', limit, async (t) => {
  const running = startOurs(t, [write(t, program, { port: 0, host: '127.0.0.1' })]);
  await running.line(/^ready/);
  const { addressType, address, port } = JSON.parse((await running.line(/^listening 1 (.*)$/))[1]);
  assert.deepStrictEqual([addressType, address, port > 0], [4, '127.0.0.1', true]);
  assert.strictEqual(await get(port), '1');

  let answer = '';
  const ended = new Promise((resolve, reject) => {
    const request = http.get({ port, host: '127.0.0.1', path: '/slow', agent: false }, (response) => {
      response.setEncoding('utf8').on('data', (text) => (answer += text));
      response.on('end', resolve).on('error', reject);
    });
    request.on('error', reject);
  });
  await until(() => answer === 'begins ', 'the beginning of the answer');
  running.tell('reload');
  // The old worker takes no more, and the other one is replaced meanwhile.
  await running.line(/^listening 3 /);
  await until(
    () =>
      get(port).then(
        () => false,
        () => true,
      ),
    'a closed port',
  );
  running.tell('go');
  await ended;
  assert.strictEqual(answer, 'begins 1');
  await running.line(/^reloaded/);
  assert.deepStrictEqual(
    running
      .lines(/^exit.*/)
      .map(String)
      .sort(),
    ['exit 1 0', 'exit 2 0'],
  );
});

test('on a Unix socket', limit, async (t) => {
  const place = path.join(scratch(t), 'socket');
  const running = startOurs(t, [write(t, program, { path: place })]);
  await running.line(/^ready/);
  const [, address] = await running.line(/^listening 2 (.*)$/);
  assert.deepStrictEqual(JSON.parse(address), { addressType: -1, address: `${place}2`, port: -1 });
  assert.strictEqual(await get(undefined, { socketPath: `${place}2` }), '2');
});

const skip = process.platform !== 'linux' || parseInt(process.versions.node, 10) < 24;
test('with reusePort', { ...limit, skip }, async (t) => {
  const port = await freePort();
  const running = startOurs(t, [write(t, program, { port, host: '127.0.0.1', reusePort: true })]);
  await running.line(/^ready/);
  running.tell('reload');
  await running.line(/^reloaded/);
  assert.deepStrictEqual(
    running
      .lines(/^(?:failed|exit).*/)
      .map(String)
      .sort(),
    ['exit 1 0', 'exit 2 0'],
  );
  assert.match(await get(port), /^[34]$/);
});
