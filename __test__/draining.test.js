'use strict';

// Workers that are drained: no request fails, and no connection that can move is closed.

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const { once } = require('node:events');
const { describe, it } = require('node:test');
const http = require('node:http');
const http2 = require('node:http2');
const https = require('node:https');
const path = require('node:path');
const { setTimeout: delay } = require('node:timers/promises');
const tls = require('node:tls');
const { WebSocket } = require('ws');
const { Connection } = require('./draining/connection.js');
const { descriptorsOf, get, isFree, isPortable, scratch, startOurs, stop, until } = require('./support.js');

const timeout = 60_000;
const hasPrlimit = spawnSync('prlimit', ['--version']).status === 0;
const file = path.join(__dirname, 'draining/program.js');

/** Starts the program with its first worker. */
async function serve(t, kind = 'http', { address = '127.0.0.1', env } = {}) {
  const program = startOurs(t, [file, kind, address], { env });
  const [, port] = await program.line(/^listening 1 (\S+)$/);
  return { program, place: address.startsWith('/') ? address : Number(port) };
}

/** Forks a worker and drains the one before; fulfilled when that has been told to. */
async function replace(program, count = 1) {
  for (let i = 0; i < count; i++) {
    const before = program.lines(/^listening/).length;
    program.tell('replace()');
    await program.line(/^listening/, before + 1);
  }
}

/** Sends one request after the other until `isOver` is set. */
function keepAsking(connection, ask) {
  const asking = { count: 0, workers: new Set(), isOver: false };
  asking.ended = (async () => {
    while (!asking.isOver) {
      for (const text of await ask(connection)) {
        asking.count++;
        asking.last = text.split(' ', 1)[0];
      }
    }
  })();
  asking.ended.catch((error) => (asking.error = error));
  return asking;
}

const one = async (connection) => [await connection.get('/who')];

const REQUEST = 'GET /who HTTP/1.1\r\nHost: any\r\n\r\n';

/** Two requests in one piece. */
async function two(connection) {
  connection.send(REQUEST + REQUEST);
  return [(await connection.answer()).text, (await connection.answer()).text];
}

/** One and a half, then the rest. */
async function oneAndAHalf(connection) {
  connection.send(REQUEST + REQUEST.slice(0, 20));
  const first = await connection.answer();
  connection.send(REQUEST.slice(20));
  return [first.text, (await connection.answer()).text];
}

async function upload(connection) {
  connection.send('POST /upload HTTP/1.1\r\nHost: any\r\nContent-Length: 6\r\n\r\nabc');
  await delay(5);
  connection.send('def');
  return [(await connection.answer()).text];
}

const skip = isPortable && 'connections only move with the addon: each ends with its next answer';

describe('kept-alive connections move', { concurrency: 2, skip }, () => {
  for (const [kind, env] of [['http'], ['express'], ['fastify'], ['http', { NODE_CLUSTER_SCHED_POLICY: 'least' }]]) {
    it(`${kind} ${env ? 'least' : ''}: 40 busy ones, while three workers are replaced`, { timeout }, async (t) => {
      const { program, place } = await serve(t, kind, { env });
      const asks = kind === 'fastify' ? [one, two, oneAndAHalf] : [one, two, oneAndAHalf, upload];
      const connections = await Promise.all(Array.from({ length: 40 }, () => Connection.open(place)));
      const askings = connections.map((connection, i) => keepAsking(connection, asks[i % asks.length]));
      for (let worker = 1; worker <= 3; worker++) {
        await replace(program);
        await program.line(new RegExp(`^exit ${worker} 0 true$`));
      }
      const counts = askings.map(({ count }) => count);
      const hasGoneOn = ({ count, error }, i) => {
        if (error) throw error;
        return count > counts[i] + 2;
      };
      await until(() => askings.every(hasGoneOn), 'more answers');
      for (const asking of askings) asking.isOver = true;
      await Promise.all(askings.map(({ ended }) => ended));
      assert.deepStrictEqual(new Set(askings.map(({ last }) => last)), new Set(['4']));
    });
  }

  it('2000 idle ones', { timeout }, async (t) => {
    const { program, place } = await serve(t);
    const agent = new http.Agent({ keepAlive: true, maxFreeSockets: 2000 });
    t.after(() => agent.destroy());
    let opened = 0;
    const { createConnection } = agent;
    agent.createConnection = function () {
      opened++;
      return Reflect.apply(createConnection, this, arguments);
    };
    const ask = () => Promise.all(Array.from({ length: 2000 }, () => get(place, { agent, path: '/who' })));
    assert.deepStrictEqual(new Set(await ask()), new Set(['1 ']));
    await replace(program);
    await program.line(/^exit 1 0 true$/);
    assert.deepStrictEqual(new Set(await ask()), new Set(['2 ']));
    assert.strictEqual(opened, 2000);
  });

  it('of a Unix socket', { timeout }, async (t) => {
    const { program, place } = await serve(t, 'http', { address: path.join(scratch(t), 'socket') });
    const connection = await Connection.open(place);
    assert.strictEqual(await connection.get('/who'), '1 ');
    await replace(program);
    await program.line(/^exit 1 0 true$/);
    assert.strictEqual(await connection.get('/who'), '2 ');
  });

  it('also before the first request', { timeout }, async (t) => {
    const { program, place } = await serve(t, 'events');
    const connection = await Connection.open(place);
    await connection.get('/who');
    const silent = await Connection.open(place);
    assert.strictEqual(await connection.get('/who'), '1 '); // The silent one came before.
    await replace(program);
    await program.line(/^exit 1 0 true$/);
    assert.strictEqual(await silent.get('/who'), '2 ');
  });

  it('and the program sees that they are closed', { timeout }, async (t) => {
    const { program, place } = await serve(t, 'events');
    const connection = await Connection.open(place);
    await connection.get('/who');
    await replace(program);
    await program.line(/^exit 1 0 true$/);
    const said = program.lines(/^worker 1 (.*)/).map(([, text]) => text);
    assert.deepStrictEqual(said, ['drains', 'close false 0 127.0.0.1', 'closed']);
    assert.strictEqual(await connection.get('/who'), '2 ');
  });

  it('a request that has been read in part is answered where it was begun', { timeout }, async (t) => {
    const { program, place } = await serve(t);
    const first = await Connection.open(place);
    const second = await Connection.open(place);
    first.send('GET /wh');
    assert.strictEqual(await second.get('/who'), '1 ');
    second.send(REQUEST + 'G');
    await second.answer();
    await replace(program);
    await program.line(/^worker 1 drains$/);
    await delay(200);
    first.send('o HTTP/1.1\r\nHost: any\r\n\r\n');
    assert.strictEqual((await first.answer()).text, '1 ');
    assert.strictEqual(await first.get('/who'), '2 ');
    second.send(REQUEST.slice(1));
    assert.strictEqual((await second.answer()).text, '1 ');
    await program.line(/^exit 1 0 true$/);
    assert.strictEqual(await second.get('/who'), '2 ');
  });

  it('an upload that has begun, with or without `Expect: 100-continue`', { timeout }, async (t) => {
    const { program, place } = await serve(t);
    const head = 'POST /upload HTTP/1.1\r\nHost: any\r\nContent-Length: 6\r\n';
    const plain = await Connection.open(place);
    const expecting = await Connection.open(place);
    plain.send(`${head}\r\nab`);
    expecting.send(`${head}Expect: 100-continue\r\n\r\n`);
    assert.strictEqual((await expecting.answer()).status, '100');
    await program.line(/is given an upload/, 2);
    await replace(program);
    for (const part of ['c', 'd', 'e', 'f']) {
      await delay(50);
      plain.send(part);
    }
    assert.strictEqual((await plain.answer()).text, '1 6');
    expecting.send('abcdef');
    assert.strictEqual((await expecting.answer()).text, '1 6');
    await program.line(/^exit 1 0 true$/);
    assert.strictEqual(await plain.get('/who'), '2 ');
    assert.strictEqual(await expecting.get('/who'), '2 ');
  });

  it('an answer that came before the end of its request', { timeout }, async (t) => {
    const { program, place } = await serve(t);
    const connection = await Connection.open(place);
    connection.send('POST /early HTTP/1.1\r\nHost: any\r\nContent-Length: 6\r\n\r\nabc');
    assert.strictEqual((await connection.answer()).text, '1 early');
    await replace(program);
    await program.line(/^worker 1 drains$/);
    await delay(200);
    connection.send('def');
    await program.line(/^worker 1 has read the rest$/);
    await program.line(/^exit 1 0 true$/);
    assert.strictEqual(await connection.get('/who'), '2 ');
  });

  it('a large answer that is still being written', { timeout }, async (t) => {
    const { program, place } = await serve(t);
    const connection = await Connection.open(place);
    connection.send('GET /big HTTP/1.1\r\nHost: any\r\n\r\n');
    connection.socket.once('data', () => connection.socket.pause());
    await until(() => connection.socket.isPaused(), 'the first part');
    await replace(program);
    await program.line(/^worker 1 drains$/);
    await delay(200);
    connection.socket.resume();
    const { text } = await connection.answer();
    assert.strictEqual(text.length, 32 * 1024 * 1024 + 2);
    await program.line(/^exit 1 0 true$/);
    assert.strictEqual(await connection.get('/who'), '2 ');
  });

  it('a slow answer', { timeout }, async (t) => {
    const { program, place } = await serve(t);
    const [slow, begun] = [await Connection.open(place), await Connection.open(place)];
    const texts = [slow.get('/held'), begun.get('/begun')];
    await program.line(/^worker 1 holds an answer$/, 2);
    await replace(program);
    await program.line(/^worker 1 drains$/);
    program.tell('answer(1)');
    assert.deepStrictEqual(await Promise.all(texts), ['1 held', '1 begun']);
    await program.line(/^exit 1 0 true$/);
    assert.deepStrictEqual([await slow.get('/who'), await begun.get('/who')], ['2 ', '2 ']);
  });

  it('what the client has closed ends', { timeout }, async (t) => {
    const { program, place } = await serve(t);
    const connection = await Connection.open(place);
    await connection.get('/who');
    connection.send('GET /held HTTP/1.1\r\nHost: any\r\n\r\n');
    await program.line(/^worker 1 holds an answer$/);
    await replace(program);
    await program.line(/^worker 1 drains$/);
    connection.socket.end();
    program.tell('answer(1)');
    await program.line(/^exit 1 0 true$/);
    await connection.closed();
  });

  it('in a worker that has no descriptor left', { timeout, skip: !hasPrlimit }, async (t) => {
    const { program, place } = await serve(t);
    const connections = await Promise.all(Array.from({ length: 10 }, () => Connection.open(place)));
    for (const connection of connections) await connection.get('/who');
    program.tell('console.log("pid", cluster.workers[1].process.pid)');
    const [, pid] = await program.line(/^pid (\d+)/);
    const open = descriptorsOf(pid);
    let lowest = 0; // of those that are free
    while (open.has(`${lowest}`)) lowest++;
    spawnSync('prlimit', ['--pid', pid, `--nofile=${lowest}`]);
    await replace(program);
    await program.line(/^exit 1 0 true$/);
    for (const connection of connections) assert.strictEqual(await connection.get('/who'), '2 ');
  });

  it('with the time that they may be idle', { timeout }, async (t) => {
    const { program, place } = await serve(t, 'impatient');
    const connection = await Connection.open(place);
    await connection.get('/who');
    await replace(program);
    await program.line(/^exit 1 0 true$/);
    await connection.closed();
    await assert.rejects(connection.answer(), /the connection is closed/); // And nothing was said.
  });

  it('one that never is between two requests ends with an answer', { timeout }, async (t) => {
    const { program, place } = await serve(t);
    const connection = await Connection.open(place);
    const begin = 'POST /early HTTP/1.1\r\nHost: any\r\nContent-Length: 6\r\n\r\nabc';
    connection.send(begin);
    await connection.answer();
    await replace(program);
    for (let closes = false; !closes;) {
      await delay(5);
      connection.send(`def${begin}`);
      ({ closes } = await connection.answer());
    }
    await program.line(/^exit 1 0 true$/);
  });

  it('also from a worker that has been stopped for longer than they wait to move', { timeout }, async (t) => {
    const { program, place } = await serve(t);
    const connections = await Promise.all(Array.from({ length: 10 }, () => Connection.open(place)));
    for (const connection of connections) await connection.get('/who');
    program.tell('console.log("pid", cluster.workers[1].process.pid)');
    const [, pid] = await program.line(/^pid (\d+)/);
    const held = connections.map((connection) => connection.get('/held'));
    await program.line(/^worker 1 holds an answer$/, 10);
    await replace(program);
    await program.line(/^worker 1 drains$/);
    await stop(Number(pid));
    for (const connection of connections) connection.send(REQUEST);
    await delay(1500);
    process.kill(Number(pid), 'SIGCONT');
    program.tell('answer(1)');
    await Promise.all(held);
    for (const connection of connections) assert.strictEqual((await connection.answer()).closes, false);
    await program.line(/^exit 1 0 true$/);
    for (const connection of connections) assert.strictEqual(await connection.get('/who'), '2 ');
  });

  it('every connection is accounted for', { timeout }, async (t) => {
    const { program, place } = await serve(t);
    const connections = await Promise.all(Array.from({ length: 50 }, () => Connection.open(place)));
    for (const connection of connections) await connection.get('/who');
    await replace(program, 3);
    await program.line(/^exit/, 3);
    for (const connection of connections) assert.strictEqual(await connection.get('/who'), '4 ');
    let figures;
    await until(async () => {
      const before = program.lines(/^\{/).length;
      program.tell('console.log(JSON.stringify(cluster.figures()))');
      figures = JSON.parse(await program.line(/^\{.*/, before + 1));
      return figures.queued === 0; // What has been taken is not known at once.
    }, 'the last to be taken');
    const { accepted, taken, givenBack, moved, closed, parked, waiting } = figures;
    // They have moved once: in between they were parked, and the workers in between have not heard of them.
    assert.deepStrictEqual([accepted, taken - givenBack, moved, closed, parked, waiting], [50, 100, 50, 0, 0, 0]);
  });
});

describe('what does not move', { concurrency: 2 }, () => {
  it('HTTPS: the next answer is the last', { timeout }, async (t) => {
    const { program, place } = await serve(t, 'https');
    const agent = new https.Agent({ keepAlive: true, rejectUnauthorized: false });
    t.after(() => agent.destroy());
    const ask = (way) =>
      new Promise((resolve, reject) => {
        const request = https.get({ host: '127.0.0.1', port: place, path: way, agent }, (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (part) => (text += part));
          response.on('end', () => resolve([text, response.headers.connection, request.reusedSocket]));
        });
        request.on('error', reject);
      });
    assert.deepStrictEqual(await ask('/who'), ['1 ', 'keep-alive', false]);
    const slow = ask('/held');
    await program.line(/^worker 1 holds an answer$/);
    await replace(program);
    await program.line(/^worker 1 drains$/);
    program.tell('answer(1)');
    assert.deepStrictEqual(await slow, ['1 held', 'close', true]);
    await program.line(/^exit 1 0 true$/);
    assert.deepStrictEqual(await ask('/who'), ['2 ', 'keep-alive', false]);
    await replace(program);
    await program.line(/^worker 2 drains$/);
    assert.deepStrictEqual(await ask('/who'), ['2 ', 'close', true]);
    assert.deepStrictEqual(await ask('/who'), ['3 ', 'keep-alive', false]);
    await program.line(/^exit 2 0 true$/);
  });

  it('HTTPS: the last answer says so, whatever the program says', { timeout }, async (t) => {
    const { program, place } = await serve(t, 'https');
    const ways = ['set', 'object', 'message', 'list', 'pairs', 'flush'];
    const sockets = [];
    for (let i = 0; i < ways.length; i++) {
      const socket = tls.connect({ port: place, host: '127.0.0.1', rejectUnauthorized: false });
      await once(socket, 'secureConnect');
      sockets.push(new Connection(socket));
    }
    const ask = async (connection, way) => {
      connection.send(`GET /keep?way=${way} HTTP/1.1\r\nHost: any\r\n\r\n`);
      const { closes, text } = await connection.answer();
      const { head } = connection;
      return [
        text,
        closes,
        /^connection: keep-alive$/im.test(head),
        /^keep-alive/im.test(head),
        /^x-kept/im.test(head),
      ];
    };
    const kept = await Promise.all(ways.map((way, i) => ask(sockets[i], way)));
    assert.deepStrictEqual(kept, Array(ways.length).fill(['1 kept', false, true, true, true]));
    await replace(program);
    await program.line(/^worker 1 drains$/);
    const closed = await Promise.all(ways.map((way, i) => ask(sockets[i], way)));
    assert.deepStrictEqual(closed, Array(ways.length).fill(['1 kept', true, false, false, true]));
    await Promise.all(sockets.map((connection) => connection.closed()));
    await program.line(/^exit 1 0 true$/);
  });

  it('HTTPS: one that stays idle is closed', { timeout }, async (t) => {
    const { program, place } = await serve(t, 'https'); // Which would let it be idle for a minute.
    const socket = tls.connect({ port: place, host: '127.0.0.1', rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    const connection = new Connection(socket);
    await connection.get('/who');
    await replace(program);
    await program.line(/^exit 1 0 true$/);
    await connection.closed();
  });

  it('HTTPS: of requests in one piece, the last is answered, too', { timeout }, async (t) => {
    const { program, place } = await serve(t, 'https');
    const socket = tls.connect({ port: place, host: '127.0.0.1', rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    const connection = new Connection(socket);
    await connection.get('/who');
    await replace(program);
    await program.line(/^worker 1 drains$/);
    connection.send('GET /later HTTP/1.1\r\nHost: any\r\n\r\n'.repeat(3));
    const answers = [await connection.answer(), await connection.answer(), await connection.answer()];
    assert.deepStrictEqual(
      answers.map(({ closes }) => closes),
      [false, false, true],
    );
    await connection.closed();
    await program.line(/^exit 1 0 true$/);
  });

  it('WebSockets: the program hears `drain`', { timeout }, async (t) => {
    const { program, place } = await serve(t, 'ws');
    const socket = new WebSocket(`ws://127.0.0.1:${place}`);
    t.after(() => socket.terminate());
    await once(socket, 'open');
    await replace(program);
    await program.line(/^worker 1 has 1 client$/);
    socket.send('still here');
    const [text] = await once(socket, 'message');
    assert.strictEqual(`${text}`, '1 still here');
    assert.deepStrictEqual(program.lines(/^exit/), []);
    program.tell('cluster.workers[1].send("close")');
    const [code] = await once(socket, 'close');
    assert.strictEqual(code, 1001);
    await program.line(/^exit 1 0 true$/);
  });

  it('HTTP/2: what has begun goes on, and the client is asked to open another session', { timeout }, async (t) => {
    const { program, place } = await serve(t, 'http2');
    const open = () => {
      const session = http2.connect(`http://127.0.0.1:${place}`).on('error', () => {}); // All is told by its streams.
      t.after(() => session.destroy());
      return session;
    };
    const ask = async (session, url) => {
      const stream = session.request({ ':path': url }).setEncoding('utf8');
      let text = '';
      for await (const part of stream) text += part;
      return text;
    };
    const [idle, busy] = [open(), open()];
    const gone = Promise.all([once(idle, 'goaway'), once(busy, 'goaway')]);
    assert.strictEqual(await ask(idle, '/who'), '1 ');
    const slow = ask(busy, '/held');
    await program.line(/^worker 1 holds an answer$/);
    await replace(program);
    await gone;
    program.tell('answer(1)');
    assert.strictEqual(await slow, '1 held');
    await program.line(/^exit 1 0 true$/);
    assert.strictEqual(await ask(open(), '/who'), '2 ');
  });

  it('HTTP/2: no request of a busy client of Node fails', { timeout }, async (t) => {
    const { program, place } = await serve(t, 'http2');
    let session;
    const workers = new Set();
    const ask = async (isOver) => {
      while (!isOver()) {
        if (!session || session.closed || session.destroyed) {
          session = http2.connect(`http://127.0.0.1:${place}`);
          session.on('error', () => {}); // All is told by its streams.
        }
        const stream = session.request({ ':path': '/later' }).setEncoding('utf8');
        let text = '';
        for await (const part of stream) text += part;
        workers.add(text);
      }
    };
    let [done, failed] = [0];
    const asking = Promise.all(Array.from({ length: 10 }, () => ask(() => done === 3)));
    asking.catch((error) => (failed = error));
    for (; done < 3; done++) {
      await until(() => failed || workers.has(`${done + 1} later`), 'an answer');
      if (failed) throw failed;
      await replace(program);
      await program.line(new RegExp(`^exit ${done + 1} 0 true$`));
    }
    await asking;
    session.destroy();
  });

  it('what came to the HTTP server from another one', { timeout }, async (t) => {
    const { program, place } = await serve(t, 'behind');
    const connection = await Connection.open(place);
    await connection.get('/who');
    await replace(program);
    await program.line(/^worker 1 drains$/);
    connection.send(REQUEST);
    assert.deepStrictEqual(await connection.answer(), { status: '200', closes: true, text: '1 ' });
    await connection.closed();
    await program.line(/^exit 1 0 true$/);
  });

  it('SCHED_NONE: the next answer is the last', { timeout }, async (t) => {
    const { program, place } = await serve(t, 'http', { env: { NONE: '1' } });
    const connection = await Connection.open(place);
    assert.strictEqual(await connection.get('/who'), '1 ');
    await replace(program);
    await until(async () => {
      const texts = await Promise.all(Array.from({ length: 5 }, () => get(place, { path: '/who' })));
      return texts.every((text) => text === '2 ');
    }, 'the new worker alone');
    connection.send(REQUEST);
    assert.deepStrictEqual(await connection.answer(), { status: '200', closes: true, text: '1 ' });
    await program.line(/^exit 1 0 true$/);
  });

  it('the last worker: the next answer is the last', { timeout }, async (t) => {
    const { program, place } = await serve(t);
    const connection = await Connection.open(place);
    await connection.get('/who');
    const slow = await Connection.open(place);
    slow.send('GET /held HTTP/1.1\r\nHost: any\r\n\r\n');
    await program.line(/^worker 1 holds an answer$/);
    program.tell('drain(1)');
    await until(() => isFree(place), 'the end of the listener');
    await program.line(/^worker 1 drains$/);
    connection.send(REQUEST);
    assert.deepStrictEqual(await connection.answer(), { status: '200', closes: true, text: '1 ' });
    program.tell('answer(1)');
    assert.deepStrictEqual(await slow.answer(), { status: '200', closes: true, text: '1 held' });
    await program.line(/^exit 1 0 true$/);
  });
});

describe('move: false', { concurrency: 2 }, () => {
  it('closes what is idle, and finishes what is not', { timeout }, async (t) => {
    const { program, place } = await serve(t);
    const open = await Promise.all(Array.from({ length: 4 }, () => Connection.open(place)));
    const [idle, slow, begun, silent] = open;
    await idle.get('/who');
    slow.send('GET /held HTTP/1.1\r\nHost: any\r\n\r\n');
    begun.send('GET /begun HTTP/1.1\r\nHost: any\r\n\r\n');
    await program.line(/^worker 1 holds an answer$/, 2);
    program.tell('fork()');
    await program.line(/^listening 2/);
    program.tell('drain(1, { move: false })');
    await idle.closed();
    assert.ok(!slow.isClosed && !begun.isClosed && !silent.isClosed);
    program.tell('answer(1)');
    assert.deepStrictEqual(await slow.answer(), { status: '200', closes: true, text: '1 held' });
    assert.deepStrictEqual(await begun.answer(), { status: '200', closes: false, text: '1 begun' });
    await Promise.all(open.map((connection) => connection.closed()));
    await program.line(/^exit 1 0 true$/);
  });

  it('may be said later', { timeout }, async (t) => {
    const { program, place } = await serve(t, 'https');
    const agent = new https.Agent({ keepAlive: true, rejectUnauthorized: false });
    t.after(() => agent.destroy());
    const response = await new Promise((resolve, reject) => {
      https.get({ host: '127.0.0.1', port: place, path: '/who', agent }, resolve).on('error', reject);
    });
    response.resume();
    const [socket] = [response.socket];
    await once(response, 'end');
    program.tell('drain(1)');
    await program.line(/^worker 1 drains$/);
    await delay(200);
    assert.ok(!socket.destroyed);
    program.tell('drain(1, { move: false })');
    await program.line(/^exit 1 0 true$/);
    await until(() => socket.destroyed, 'the end of the connection');
  });
});

describe('a drained worker ends', { concurrency: 2 }, () => {
  it('where it has reset connections', { timeout }, async (t) => {
    const { program, place } = await serve(t);
    for (let i = 0; i < 3; i++) {
      const connection = await Connection.open(place);
      connection.send('GET /reset HTTP/1.1\r\nHost: any\r\n\r\n');
      await until(() => connection.isClosed, 'a reset');
    }
    await replace(program);
    await program.line(/^exit 1 0 true$/);
  });

  it('with SIGTERM, where the program handles it', { timeout, skip }, async (t) => {
    const { program, place } = await serve(t, 'sigterm');
    const connection = await Connection.open(place);
    await connection.get('/who');
    await replace(program);
    await program.line(/^exit 1 7 true$/);
    await program.line(/^worker 1 is told to end$/);
    assert.strictEqual(await connection.get('/who'), '2 ');
  });

  it('with SIGINT, where the program handles that only', { timeout }, async (t) => {
    const { program } = await serve(t, 'sigint');
    await replace(program);
    await program.line(/^worker 1 is interrupted$/);
    await program.line(/^exit 1 8 true$/);
  });

  it('where a package ends it unless somebody else handles the signal', { timeout }, async (t) => {
    const { program } = await serve(t, 'soleListener');
    await replace(program);
    await program.line(/^worker 1 is alone with SIGTERM$/);
    await program.line(/^exit 1 SIGTERM true$/);
  });

  it('when nothing is left, where SIGTERM does not end it', { timeout }, async (t) => {
    const { program } = await serve(t, 'lastWords');
    await replace(program);
    await program.line(/^worker 1 says goodbye$/);
    await program.line(/^exit 1 0 true$/);
  });

  it('not before its own listener for messages is gone', { timeout }, async (t) => {
    const { program } = await serve(t, 'ownListeners');
    await replace(program);
    await program.line(/^worker 1 has SIGTERM$/);
    await delay(200);
    program.tell('cluster.workers[1].send("end")');
    await program.line(/^exit 1 7 true$/);
  });

  it('at once, where it has no server', { timeout }, async (t) => {
    const program = startOurs(t, [file, 'none']);
    await program.line(/^online 1$/);
    program.tell('drain(1)');
    await program.line(/^exit 1 0 true$/);
  });

  it('and may be told to when it has ended', { timeout }, async (t) => {
    const { program } = await serve(t);
    program.tell(
      'const [worker] = [cluster.workers[1]]; worker.drain().once("exit", () => console.log(worker.drain() === worker))',
    );
    await program.line(/^true$/);
  });

  it('that is told so before it runs', { timeout }, async (t) => {
    const { program, place } = await serve(t);
    program.tell('fork().drain()');
    await program.line(/^exit 2 0 true$/);
    assert.strictEqual(await get(place, { path: '/who' }), '1 ');
  });
});

it('worker.drain() checks its options', { timeout }, async (t) => {
  const { program } = await serve(t);
  program.tell('try { drain(1, { move: 1 }) } catch ({ code, message }) { console.log(code, message) }');
  const [text] = await program.line(/^ERR.*/);
  assert.strictEqual(
    text,
    'ERR_INVALID_ARG_TYPE The "options.move" property must be of type boolean. Received type number (1)',
  );
  program.tell('console.log(Object.keys(cluster.Worker.prototype).join())');
  assert.deepStrictEqual(program.lines(/drain/), []);
});
