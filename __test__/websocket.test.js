'use strict';

// The client of WebSockets, with which Node's inspector is talked to.

const assert = require('node:assert');
const { once } = require('node:events');
const http = require('node:http');
const { test } = require('node:test');
const { connect } = require('../lib/inspector/websocket.js');
const { until } = require('./support.js');

const limit = { timeout: 60_000 };
const [CONTINUES, TEXT, CLOSE, PING, PONG] = [0, 1, 8, 9, 10];

/** A server's frame. */
function frame(kind, payload, { isLast = true, length = payload.length } = {}) {
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  head[0] = (isLast ? 0x80 : 0) | kind;
  head[1] = { 2: length, 4: 126, 10: 127 }[head.length];
  if (head.length === 4) head.writeUInt16BE(length, 2);
  if (head.length === 10) head.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([head, Buffer.from(payload)]);
}

/** Connects to a server that says what it is told to; gives both ends. */
async function talk(t) {
  const server = http.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const [client, [, socket]] = await Promise.all([
    connect(`ws://127.0.0.1:${server.address().port}/some-id`),
    once(server, 'upgrade').then((args) => {
      const head = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n';
      args[1].write(head);
      return args;
    }),
  ]);
  const messages = [];
  client.on('message', (text) => messages.push(text));
  let isClosed = false;
  client.on('close', () => (isClosed = true));
  t.after(() => socket.destroy());
  return { client, isClosed: () => isClosed, messages, socket };
}

test('messages of all lengths arrive, whatever pieces they come in', limit, async (t) => {
  const texts = [0, 1, 125, 126, 65_535, 65_536, 300_000].map((length) =>
    'ä'.repeat(length / 2).padEnd(length / 2, 'x'),
  );
  const all = Buffer.concat(texts.map((text) => frame(TEXT, Buffer.from(text))));
  const { messages, socket } = await talk(t);
  for (let at = 0, size = 1; at < all.length; at += size, size = (size * 3) % 70_001) {
    socket.write(all.subarray(at, at + size));
    if (size < 10) await new Promise(setImmediate);
  }
  await until(() => messages.length === texts.length, 'all messages');
  assert.deepStrictEqual(messages, texts);
});

test('a message in several frames is one, also with a ping between them', limit, async (t) => {
  const { messages, socket } = await talk(t);
  let received = Buffer.alloc(0);
  socket.on('data', (data) => (received = Buffer.concat([received, data])));
  const [one, two] = ['€', '!'].map((text) => Buffer.from(text));
  socket.write(
    Buffer.concat([
      frame(TEXT, one.subarray(0, 1), { isLast: false }),
      frame(PING, 'are you there'),
      frame(CONTINUES, one.subarray(1), { isLast: false }),
      frame(CONTINUES, two),
    ]),
  );
  await until(() => messages.length === 1 && received.length >= 19, 'a message and a pong');
  assert.deepStrictEqual(messages, ['€!']);
  assert.strictEqual(received[0], 0x80 | PONG);
  assert.strictEqual(received[1], 0x80 | 13);
  const mask = received.subarray(2, 6);
  const text = received.subarray(6, 19).map((byte, i) => byte ^ mask[i % 4]);
  assert.strictEqual(text.toString(), 'are you there');
});

test('what is sent is masked', limit, async (t) => {
  const { client, socket } = await talk(t);
  let received = Buffer.alloc(0);
  socket.on('data', (data) => (received = Buffer.concat([received, data])));
  const text = 'x'.repeat(1000);
  client.send(text);
  await until(() => received.length === 8 + text.length, 'a message');
  assert.deepStrictEqual([...received.subarray(0, 4)], [0x81, 0xfe, 1000 >> 8, 1000 & 0xff]);
  const mask = received.subarray(4, 8);
  assert.strictEqual(
    received
      .subarray(8)
      .map((byte, i) => byte ^ mask[i % 4])
      .toString(),
    text,
  );
});

for (const [how, bytes] of [
  ['says so', frame(CLOSE, '')],
  ['sends more than a text can hold', frame(TEXT, '', { length: 2 ** 40 })],
]) {
  test(`it is over when the other side ${how}`, limit, async (t) => {
    const { isClosed, messages, socket } = await talk(t);
    socket.write(bytes);
    await until(isClosed, 'the end');
    assert.deepStrictEqual(messages, []);
  });
}

test('a server that does not talk like that is an error', limit, async (t) => {
  const server = http.createServer((_, response) => response.writeHead(400).end()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  await assert.rejects(connect(`ws://127.0.0.1:${server.address().port}/`), /the inspector has answered with 400/);
});
