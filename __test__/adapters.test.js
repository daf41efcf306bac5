'use strict';

// Stores for other packages: express-rate-limit, express-session, Keyv, over a store of the cluster.

const assert = require('node:assert');
const fs = require('node:fs');
const { describe, test } = require('node:test');
const path = require('node:path');
const { fetched } = require('./fetched.js');
const { isPortable, root, startOurs, write } = require('./support.js');

const limit = { timeout: 60_000 };
const repository = path.resolve(__dirname, '..');
const found = {
  // The package, and what it is for.
  ...Object.fromEntries(['rate-limit', 'session', 'keyv'].map((name) => [name, path.join(root, 'adapters', name)])),
  ...Object.fromEntries(
    ['express', 'express-rate-limit', 'express-session', 'keyv'].map((name) => [
      `package ${name}`,
      path.join(repository, 'node_modules', name),
    ]),
  ),
};

/** Runs a program to its end, without an error; gives its lines. */
async function linesOf(t, source) {
  const program = startOurs(t, [write(t, source, found)]);
  assert.strictEqual(await program.end(), 0, program.output);
  return program.stdout.split('\n').slice(0, -1);
}

describe('express-rate-limit', () => {
  test('all workers count together', limit, async (t) => {
    const lines = await linesOf(t, async (found) => {
      const cluster = require('cluster');
      const http = require('http');
      if (cluster.isPrimary) {
        const ask = (port, name) =>
          new Promise((resolve) =>
            http
              .get({ port, host: '127.0.0.1', agent: false, headers: { name } }, (response) => {
                response.resume();
                const { 'ratelimit-remaining': left, 'ratelimit-reset': reset, worker } = response.headers;
                resolve({ status: response.statusCode, left, reset: Number(reset), worker });
              })
              .on('error', console.log),
          );
        for (let i = 0; i < 2; i++) cluster.fork();
        let listening = 0;
        cluster.on('listening', async (worker, { port }) => {
          if (++listening < 2) return;
          const answers = [];
          for (let i = 0; i < 7; i++) answers.push(await ask(port, 'one'));
          console.log(answers.map(({ status, left }) => `${status} ${left}`).join());
          console.log(new Set(answers.map((answer) => answer.worker)).size);
          console.log(answers.every(({ reset }) => reset > 50 && reset <= 60));
          console.log((await ask(port, 'two')).left);
          process.exit();
        });
        return;
      }
      const express = require(found['package express']);
      const { rateLimit } = require(found['package express-rate-limit']);
      const { RateLimitStore } = require(found['rate-limit']);
      const app = express();
      app.use((request, response, next) => {
        response.set('worker', `${cluster.worker.id}`);
        next();
      });
      const keyGenerator = (request) => request.get('name');
      app.use(
        rateLimit({ store: new RateLimitStore(), windowMs: 60_000, limit: 5, standardHeaders: true, keyGenerator }),
      );
      app.get('/', (request, response) => response.end('hello'));
      app.listen(0, '127.0.0.1');
    });
    assert.deepStrictEqual(lines, ['200 4,200 3,200 2,200 1,200 0,429 0,429 0', '2', 'true', '4']);
  });

  test('its methods do as is documented', limit, async (t) => {
    const lines = await linesOf(t, async (found) => {
      const cluster = require('cluster');
      const assert = require('assert');
      const { RateLimitStore } = require(found['rate-limit']);
      const [store, other] = [new RateLimitStore({ prefix: 'a:' }), new RateLimitStore({ prefix: 'b:' })];
      for (const one of [store, other]) one.init({ windowMs: 300 });
      assert.strictEqual(await store.get('x'), undefined);
      await store.decrement('x'); // Of nothing.
      const first = await store.increment('x');
      assert.strictEqual(first.totalHits, 1);
      assert.ok(first.resetTime instanceof Date && first.resetTime - Date.now() <= 300);
      assert.strictEqual((await store.increment('x')).totalHits, 2);
      await store.decrement('x');
      assert.strictEqual((await store.get('x')).totalHits, 1);
      assert.strictEqual((await other.increment('x')).totalHits, 1);
      await store.increment('z');
      await Promise.all([store.decrement('z'), store.decrement('z')]);
      assert.strictEqual((await store.get('z')).totalHits, 0);
      await store.increment('y');
      await store.resetKey('y');
      assert.strictEqual(await store.get('y'), undefined);
      await store.resetAll();
      assert.strictEqual(await store.get('x'), undefined);
      await other.increment('y');
      // The window begins with the first, whatever comes later.
      const until = Date.now() + 30_000;
      while ((await other.get('y')) && Date.now() < until) await new Promise(setImmediate);
      assert.strictEqual((await other.increment('y')).totalHits, 1);
      await new RateLimitStore().resetAll();
      assert.strictEqual(await cluster.store('rate-limit').size(), 0);
      console.log('done');
    });
    assert.deepStrictEqual(lines, ['done']);
  });
});

describe('express-session', () => {
  test('a session is the same in all workers', limit, async (t) => {
    const lines = await linesOf(t, async (found) => {
      const cluster = require('cluster');
      const http = require('http');
      if (cluster.isPrimary) {
        let cookie;
        const ask = (port, path) =>
          new Promise((resolve) =>
            http.get(
              { port, path, host: '127.0.0.1', agent: false, headers: cookie ? { cookie } : {} },
              async (response) => {
                const [set] = response.headers['set-cookie'] ?? [];
                if (set) [cookie] = set.split(';');
                response.setEncoding('utf8');
                let text = '';
                for await (const piece of response) text += piece;
                resolve(text);
              },
            ),
          );
        for (let i = 0; i < 2; i++) cluster.fork();
        let listening = 0;
        cluster.on('listening', async (worker, { port }) => {
          if (++listening < 2) return;
          const answers = [];
          for (let i = 0; i < 4; i++) answers.push(JSON.parse(await ask(port, '/')));
          console.log(answers.map(({ views }) => views).join(), new Set(answers.map(({ worker }) => worker)).size);
          console.log(
            await cluster.store('sessions').size(),
            (await cluster.store('sessions').ttl((await cluster.store('sessions').keys())[0])) <= 5000,
          );
          await ask(port, '/leave');
          console.log(await cluster.store('sessions').size());
          process.exit();
        });
        return;
      }
      const express = require(found['package express']);
      const session = require(found['package express-session']);
      const SessionStore = require(found.session)(session);
      const app = express();
      const options = { secret: 'test', resave: false, saveUninitialized: false, cookie: { maxAge: 5000 } };
      app.use(session({ store: new SessionStore(), ...options }));
      app.get('/', (request, response) => {
        request.session.views = (request.session.views ?? 0) + 1;
        response.json({ views: request.session.views, worker: cluster.worker.id });
      });
      app.get('/leave', (request, response) => request.session.destroy(() => response.end()));
      app.listen(0, '127.0.0.1');
    });
    assert.deepStrictEqual(lines, ['1,2,3,4 2', '1 true', '0']);
  });

  test('its methods do as is documented', limit, async (t) => {
    const lines = await linesOf(t, async (found) => {
      const cluster = require('cluster');
      const assert = require('assert');
      const { promisify } = require('util');
      const session = require(found['package express-session']);
      const store = new (require(found.session)(session))({ ttl: 1000 });
      assert.ok(store instanceof session.Store);
      const call = (name, ...given) => promisify(store[name]).apply(store, given);
      const entries = cluster.store('sessions');
      assert.strictEqual(await call('get', 'none'), null);
      await call('set', 'a', { cookie: new session.Cookie(), user: 1 });
      assert.ok((await entries.ttl('a')) <= 1000);
      assert.strictEqual((await call('get', 'a')).user, 1);
      const later = new session.Cookie({ maxAge: 60_000 });
      await call('touch', 'a', { cookie: later });
      assert.ok((await entries.ttl('a')) > 50_000);
      assert.strictEqual((await call('get', 'a')).user, 1);
      await call('set', 'b', { cookie: { expires: new Date(Date.now() + 5000).toISOString() }, user: 2 });
      assert.ok((await entries.ttl('b')) <= 5000);
      assert.strictEqual(await call('length'), 2);
      assert.deepStrictEqual((await call('all')).map(({ id, user }) => `${id}${user}`).sort(), ['a1', 'b2']);
      await call('set', 'b', { cookie: { expires: new Date(0) } });
      assert.strictEqual(await call('get', 'b'), null);
      const loaded = await call('load', 'a');
      assert.ok(loaded.cookie instanceof session.Cookie && loaded.user === 1);
      await call('destroy', 'a');
      await call('destroy', 'none');
      store.set('c', { cookie: {} });
      await call('clear');
      assert.strictEqual(await call('length'), 0);
      await assert.rejects(call('get', 5), { code: 'ERR_INVALID_ARG_TYPE' });
      const cyclic = { cookie: {} };
      await assert.rejects(call('set', 'a', Object.assign(cyclic, { cyclic })), { name: 'TypeError' });
      process.once('uncaughtException', (error) => console.log(error.message));
      store.get('none', () => {
        throw new Error('done');
      });
    });
    assert.deepStrictEqual(lines, ['done']);
  });
});

test('TypeScript finds their types also where it does not read `exports`', () => {
  const { exports, typesVersions } = require('../package.json');
  const code = Object.entries(exports).filter(([, file]) => `${file}`.startsWith('./adapters/'));
  const types = Object.entries(typesVersions['*']).map(([name, [file]]) => [`./${name}`, `./${file}`]);
  assert.deepStrictEqual(
    types,
    code.map(([name, file]) => [name, file.replace(/\.js$/, '.d.ts')]),
  );
  for (const [, file] of types) assert.ok(fs.existsSync(path.join(repository, file)), file);
});

const suite = fetched('keyv', ['@keyv/test-suite@2', 'keyv@5', 'expect@30']);
const skip = isPortable ? 'once is enough' : !suite && 'KEYV=1 node --test __test__/adapters.test.js fetches them';

test("Keyv's own tests for storage adapters", { ...limit, skip }, async (t) => {
  for (const name of ['@keyv/test-suite', 'keyv', 'expect']) found[`package ${name}`] = path.join(suite, name);
  const lines = await linesOf(t, async (found) => {
    const cluster = require('cluster');
    const { expect } = require(found['package expect']);
    const { default: Keyv } = await import(`${found['package keyv']}/dist/index.js`);
    const { default: suite } = await import(`${found['package @keyv/test-suite']}/dist/index.js`);
    const { KeyvStore } = require(found.keyv);
    const store = cluster.store('keyv', { ttl: 1 }); // Keyv says itself how long.
    const [tests, before, after] = [[], [], []];
    const runner = {
      it: (name, run) => tests.push({ name, run, before: [...before], after }),
      beforeEach: (run) => before.splice(0, before.length, run),
      afterEach: (run) => after.splice(0, after.length, run),
    };
    suite(runner, Keyv, () => new KeyvStore({ store }));
    for (const { name, run, before } of tests) {
      try {
        for (const prepare of before) await prepare();
        await run({ expect });
      } catch (error) {
        console.log(`${name}: ${error.message}`);
      }
    }
    const keyv = new Keyv({ store: new KeyvStore({ store }), namespace: 'n' });
    await keyv.set('a', { b: 1 });
    console.log(tests.length > 30, JSON.stringify((await Array.fromAsync?.(keyv.iterator())) ?? [['a', { b: 1 }]]));
  });
  assert.deepStrictEqual(lines, ['true [["a",{"b":1}]]']);
});
