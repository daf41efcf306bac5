'use strict';

// A worker that writes garbage where it should not: into its channel, its handoff socket, its shared page. It loses its
// own place by that; the primary and the other workers go on.

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const { describe, it } = require('node:test');
const { getMany, startOurs, until, write } = require('./support.js');

/** Two good workers serve. Told the number of a variant, the primary starts a worker that does that. */
function program({ listens, leaves, variants, advanced }) {
  const cluster = require('cluster');
  const fs = require('node:fs');
  const http = require('node:http');

  if (cluster.isPrimary) {
    if (advanced) cluster.setupPrimary({ serialization: 'advanced' });
    let ready = 0;
    let told = '';
    cluster.on('listening', (worker, { port }) => {
      if (++ready === 2) console.log(`port ${port}`);
    });
    cluster.on('message', (worker, message) => console.log(`${worker.id} message ${JSON.stringify(message)}`));
    cluster.on('disconnect', (worker) => console.log(`${worker.id} disconnect`));
    cluster.on('exit', (worker, code, signal) => console.log(`${worker.id} exit ${signal ?? code}`));
    process.on('warning', (warning) => console.log(`warning ${warning.code ?? warning.name}`));
    cluster.fork();
    cluster.fork();
    process.stdin.on('data', (text) => {
      const lines = (told + text).split('\n');
      told = lines.pop();
      for (const line of lines) {
        const worker = cluster.fork({ VARIANT: line });
        console.log(`${worker.id} forked`);
        if (listens === 'alone') worker.process.removeAllListeners('error');
        const listener = listens === 'alone' ? worker.process : worker;
        if (listens)
          listener.on('error', (error) => console.log(`${worker.id} error ${error.code} ${error instanceof Error}`));
      }
    });
    return;
  }

  const server = http.createServer((request, response) => response.end(`worker ${cluster.worker.id}`));
  server.listen(0, '127.0.0.1');
  if (process.env.VARIANT === undefined) return;

  /** The descriptors of this process that are Unix sockets of a type: 1 for streams, 5 for messages in a sequence. */
  function unixSockets(type) {
    const inodes = new Set();
    for (const line of fs.readFileSync('/proc/self/net/unix', 'utf8').split('\n').slice(1, -1)) {
      const [, , , , kind, , inode] = line.trim().split(/\s+/);
      if (Number(kind) === type) inodes.add(`socket:[${inode}]`);
    }
    return fs
      .readdirSync('/proc/self/fd')
      .map(Number)
      .filter((fd) => {
        try {
          return inodes.has(fs.readlinkSync(`/proc/self/fd/${fd}`));
        } catch {
          return false;
        }
      });
  }

  /** Fills the shared page, wherever it is mapped. */
  function fillPage(byte) {
    const map = fs
      .readFileSync('/proc/self/maps', 'utf8')
      .split('\n')
      .find((line) => line.includes('cluster-page'));
    const [begin, end] = map
      .split(' ')[0]
      .split('-')
      .map((address) => Number.parseInt(address, 16));
    const memory = fs.openSync('/proc/self/mem', 'r+');
    const nonsense = Buffer.alloc(end - begin);
    for (let i = 0; i < nonsense.length; i++) nonsense[i] = byte ?? Math.floor(Math.random() * 256);
    fs.writeSync(memory, nonsense, 0, nonsense.length, begin);
    fs.closeSync(memory);
  }

  function frame(kind, payload, length = payload.length, descriptors = 0) {
    const header = Buffer.alloc(8);
    header.writeUInt32LE(length, 0);
    header[4] = kind;
    header[5] = descriptors;
    return Buffer.concat([header, Buffer.from(payload)]);
  }

  function act({ hex, kind, text, length, descriptors, handoff, page, then }) {
    if (page !== undefined) {
      fillPage(page ?? undefined);
      if (page === null) setInterval(fillPage, 1);
    } else if (handoff !== undefined) {
      const [fd] = unixSockets(5);
      try {
        for (const part of handoff) fs.writeSync(fd, Buffer.from(part, 'hex'));
      } catch {
        // The primary has closed its end.
      }
    } else {
      const bytes = hex !== undefined ? Buffer.from(hex, 'hex') : frame(kind, text, length, descriptors);
      fs.writeSync(process.channel.fd, bytes);
    }
    if (then === 'exit') process.exit(3);
    if (leaves) setTimeout(() => process.exit(0), 200);
    if (then === 'send') process.send('after');
  }

  // It serves first, and says so.
  server.on('listening', () => {
    process.send('ready', () => setTimeout(act, 50, variants[process.env.VARIANT]));
  });
}

const random = () => Buffer.from(Array.from({ length: 64 }, () => Math.floor(Math.random() * 256)));

/** Random bytes that begin with no header: the reserved bytes are not zero. */
function noise() {
  const bytes = random();
  bytes[7] = 0xa5;
  return bytes.toString('hex');
}

const controls = (messages) =>
  messages.map((message) => ({
    name: `control frame ${JSON.stringify(message).slice(0, 70)}`,
    kind: 5,
    text: JSON.stringify(message),
  }));

/** Messages with notes, and bytes for these. */
function clones(name, json, bytes = '') {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  return { name: `clones ${name}`, kind: 2, text: `${length.toString('latin1')}${json}${bytes}` };
}

/** Each ends its worker's channel. */
const malformed = [
  { name: 'random bytes', hex: noise() },
  { name: 'more random bytes', hex: noise() },
  { name: 'ones only', hex: 'ff'.repeat(64) },
  { name: 'text', hex: Buffer.from('GET / HTTP/1.1\r\n\r\n').toString('hex') },
  { name: 'an unknown kind', kind: 9, text: 'anything' },
  { name: 'kind 0', kind: 0, text: '' },
  { name: 'an over-long length', kind: 1, text: '[]', length: 0xffffffff },
  { name: 'a length just over the most', kind: 1, text: '[]', length: 512 * 1024 * 1024 + 1 },
  { name: 'reserved bytes', hex: '0200000001000001' + '5b5d' },
  { name: 'random bytes, then a message', hex: noise(), then: 'send' },
  { name: 'three bytes, then a message', hex: 'ffffff', then: 'send' },
  { name: 'control frame of no JSON', kind: 5, text: 'nonsense' },
  { name: 'control frame of nothing', kind: 5, text: '' },
  { name: 'control frame cut in the middle', kind: 5, text: '{"Query":{"question":1,' },
  { name: 'control frame nested deeply', kind: 5, text: '['.repeat(100_000) },
  { name: 'control frame of bytes that are no UTF-8', hex: '0400000005000000' + '22ff22ff' },
  ...controls([null, 5, [], {}, 'Nonsense', { Nonsense: {} }, { Query: {} }, { Query: { question: -1, query: {} } }]),
  ...controls([
    { Close: {} },
    { Close: { listener: -1 } },
    { Close: { listener: 2 ** 40 } },
    { Close: { listener: 'one' } },
  ]),
  { name: 'message of no JSON', kind: 1, text: '[nonsense]' },
  { name: 'message of nothing', kind: 1, text: '' },
  { name: 'message that is no array', kind: 1, text: '5' },
  { name: 'message that is an object', kind: 1, text: '{"map":1}' },
  { name: 'clones of nonsense', kind: 2, text: 'nonsense' },
  { name: 'clones of nothing', kind: 2, text: '' },
  clones('that are no list', '{}'),
  clones('without a list of notes', '[[0]]'),
  clones('with a note of no kind', '[[0],[0,99,0,0]]'),
  clones('with a note that is cut', '[[0],[0,3]]'),
  clones('with a note that never ends', '[[0],[0,3,5,1e9]]'),
  clones('with a note of what is not there', '[[{"a":1}],[0,0,0,1,"b"]]'),
  clones('with a note of a prototype', '[[{}],[0,0,0,2,"__proto__","toString"]]'),
  clones('with a note of a constructor', '[[{}],[0,0,0,3,"constructor","prototype","toString"]]'),
  clones('with a map of a promised length', '[[{"length":1e15}],[0,6,0,0]]'),
  clones('with more bytes than there are', '[[0],[0,4,"Buffer",0],[1000]]', 'bytes'),
  clones('with bytes that are not there', '[[0],[0,4,"Buffer",0],[5]]'),
  clones('with a part of no size', '[[0],[0,4,"Buffer",0],[]]', 'bytes'),
  clones('with a part of a size that is none', '[[0],[0,4,"Buffer",0],["five"]]', 'bytes'),
  clones('with a view of no type', '[[0],[0,4,"Map",0],[5]]', 'bytes'),
  clones('with a structured clone of nonsense', '[[0],[0,8,0,0],[5]]', 'bytes'),
  clones('with a number that is none', '[[0],[0,2,"nonsense",0]]'),
  { name: 'handle of no JSON', kind: 3, text: 'nonsense' },
  { name: 'handle that is no array', kind: 3, text: '5' },
  { name: 'handle of nonsense in structured clone', kind: 4, text: 'nonsense' },
  { name: 'incomplete message of nothing', kind: 7, text: '' },
  { name: 'incomplete message shorter than it says', kind: 7, text: '\x09\0\0\0[]' },
  { name: 'incomplete message of no JSON', kind: 7, text: '\x08\0\0\0nonsense' },
  { name: 'incomplete message that is null', kind: 7, text: '\x08\0\0\0[null,0]text' },
  { name: 'incomplete message without the place', kind: 7, text: '\x08\0\0\0[{},"a"]text' },
  { name: 'incomplete message that is a list', kind: 7, text: '\x0e\0\0\0[[1],"length"]text' },
];

const query = {
  address: '127.0.0.1',
  port: 0,
  family: 'Tcp4',
  fd: null,
  flags: 0,
  backlog: 5,
  readable_all: false,
  writable_all: false,
  index: 9,
  data: null,
};
const queries = (changes) =>
  controls(changes.map((change) => ({ Query: { question: 4e9, query: { ...query, ...change } } })));

/** Of valid form: what is in them is nonsense. The worker that says so may suffer, nobody else. */
const nonsense = [
  ...controls(['Online', 'Leaving', { Close: { listener: 4_000_000_000 } }, { Close: { listener: 0 } }]),
  ...controls([{ Listening: { family: 'Unknown', address: '\0\0', port: -77, fd: -5 } }]),
  ...controls([{ Listening: { family: 'Udp6', address: null, port: null, fd: null } }]),
  ...queries([
    { port: -5 },
    { port: 99_999 },
    { port: null },
    { port: 2 ** 31 - 1 },
    { backlog: -(2 ** 31) },
    { backlog: 2 ** 31 - 1 },
  ]),
  ...queries([
    { address: '' },
    { address: 'no address' },
    { address: 'x'.repeat(100_000) },
    { address: '::1%nowhere', family: 'Tcp6' },
  ]),
  ...queries([
    { address: null, family: 'Unix', port: -1 },
    { address: '', family: 'Unix', port: -1 },
  ]),
  ...queries([
    { address: 'a\0b', family: 'Unix', port: -1 },
    { address: '\0', family: 'Unix', port: -1 },
  ]),
  ...queries([
    { address: '/nowhere/at/all', family: 'Unix', port: -1 },
    { address: '/', family: 'Unix', port: -1 },
  ]),
  ...queries([{ address: 'x'.repeat(5_000), family: 'Unix', port: -1, readable_all: true, writable_all: true }]),
  ...queries([
    { fd: -1 },
    { fd: 0 },
    { fd: 1 },
    { fd: 2 },
    { fd: 9_999 },
    { fd: 2 ** 31 - 1 },
    { fd: 3, family: 'Unknown' },
  ]),
  ...queries(Array.from({ length: 60 }, (_, fd) => ({ fd, family: fd % 2 ? 'Unix' : 'Udp4', port: null }))),
  ...queries([
    { flags: 2 ** 32 - 1 },
    { family: 'Udp4', flags: 2 ** 32 - 1 },
    { family: 'Udp6', address: '127.0.0.1' },
  ]),
  ...queries([{ index: 2 ** 32 - 1 }, { data: 'no JSON' }, { data: '['.repeat(50_000) }]),
  {
    name: 'the same question twice',
    hex: Buffer.concat([1, 2].map(() => encode(5, JSON.stringify({ Query: { question: 1, query } })))).toString('hex'),
  },
  { name: 'a promise that is not kept', kind: 1, text: '[', length: 512 * 1024 * 1024 },
  { name: 'half of a header, then the end', hex: '01000000', then: 'exit' },
  { name: 'half of a message, then the end', kind: 1, text: '[1', length: 1000, then: 'exit' },
  { name: 'descriptors that do not come', kind: 1, text: '["fine"]', descriptors: 200 },
  { name: 'a handle that does not come', kind: 3, text: '["fine",{"type":"net.Socket","tcp":true}]', descriptors: 1 },
  { name: 'a handle without a description', kind: 3, text: '["fine"]', descriptors: 1 },
  { name: 'a handle of an unknown kind', kind: 3, text: '["fine",{"type":"constructor"}]' },
  {
    name: 'a message about sockets',
    kind: 1,
    text: '[{"cmd":"NODE_SOCKET_GET_COUNT","key":"x"},{"cmd":"NODE_HANDLE_ACK"},{"cmd":"NODE_CLUSTER","act":"queryServer"}]',
  },
  {
    name: 'an answer with an error that is none',
    kind: 1,
    text: '[{"cmd":"NODE_CLUSTER_RS_RESPONSE","id":1,"error":{"message":{"toString":1},"name":{}}}]',
  },
  {
    name: 'a request that is none',
    kind: 1,
    text: '[{"cmd":"NODE_CLUSTER_RS_REQUEST"},{"cmd":"NODE_CLUSTER_RS_RESPONSE","error":1}]',
  },
  {
    name: 'a message with a prototype',
    kind: 1,
    text: '[{"__proto__":{"cmd":"NODE_X"},"constructor":1,"toString":2}]',
  },
];

function encode(kind, text) {
  const header = Buffer.alloc(8);
  header.writeUInt32LE(text.length, 0);
  header[4] = kind;
  return Buffer.concat([header, Buffer.from(text)]);
}

/** What breaks the handoff socket: the worker stays, and gets no connection any more. */
const handoffs = [
  { name: 'one byte that is no nudge', handoff: ['ff'] },
  { name: 'a nudge, which only the primary sends', handoff: ['00'] },
  { name: 'a listener without a connection', handoff: ['01000000'] },
  { name: 'a long message', handoff: ['a5'.repeat(4096)] },
  { name: 'many messages', handoff: Array(100).fill('a5a5a5') },
];

const pages = [
  { name: 'ones only', page: 255 },
  { name: 'zeros only', page: 0 },
  { name: 'random bytes, all the time', page: null },
];

async function startProgram(t, given) {
  const primary = startOurs(t, [write(t, program, given)]);
  const [, port] = await primary.line(/^port (\d+)$/);
  return { primary, port: Number(port) };
}

/** Starts the worker of a variant; gives its number once it serves and is about to act. */
async function act(primary, index) {
  const before = primary.lines(/^\d+ forked$/).length;
  primary.tell(index);
  const [, id] = await primary.line(/^(\d+) forked$/, before + 1);
  await primary.line(new RegExp(`^${id} message "ready"$`));
  return id;
}

async function assertOthersServe(port) {
  const left = new Set(['worker 1', 'worker 2']);
  const everybody = async () => {
    for (const answer of await getMany(4, port)) left.delete(answer);
    return left.size === 0;
  };
  await until(everybody, () => `an answer of ${[...left]}`);
}

/** All lines about the good workers, and about failures. Nothing is expected. */
function assertPeace(primary) {
  assert.deepStrictEqual(
    primary.lines(/^[12] /).map(([line]) => line),
    [],
  );
  assert.strictEqual(primary.child.exitCode, null, primary.output);
}

describe('garbage in the channel ends that worker’s channel, with an error event', { concurrency: 2 }, () => {
  for (const [index, { name, then }] of malformed.entries()) {
    it(name, { timeout: 60_000 }, async (t) => {
      const { primary, port } = await startProgram(t, { listens: true, variants: malformed });
      const id = await act(primary, index);
      await primary.line(new RegExp(`^${id} disconnect$`));
      await primary.line(new RegExp(`^${id} exit`));
      const heard = primary.lines(new RegExp(`^${id} (?!forked|message)(.*)`)).map(([, what]) => what);
      const end = heard.pop();
      assert.deepStrictEqual(heard, ['error ERR_CLUSTER_RS_MALFORMED_FRAME true', 'disconnect'], primary.output);
      // It may hear of the end of its channel by failing to write into it.
      assert.match(end, then === 'send' ? /^exit [01]$/ : /^exit 0$/);
      await assertOthersServe(port);
      assertPeace(primary);
      assert.deepStrictEqual(primary.lines(/^warning/), []);
      if (then === undefined) assert.strictEqual(primary.stderr, '');
    });
  }

  it('a warning tells it where nobody listens for errors', { timeout: 60_000 }, async (t) => {
    const { primary, port } = await startProgram(t, { listens: false, variants: malformed });
    for (const index of [0, 2, malformed.findIndex(({ name }) => name === 'message of no JSON')]) {
      const id = await act(primary, index);
      await primary.line(new RegExp(`^${id} exit 0$`));
      await primary.line(/^warning ERR_CLUSTER_RS_MALFORMED_FRAME$/);
    }
    await assertOthersServe(port);
    assertPeace(primary);
    assert.strictEqual(primary.lines(/^warning/).length, 3);
  });

  it('also where the program has put its listener in place of ours', { timeout: 60_000 }, async (t) => {
    const { primary } = await startProgram(t, { listens: 'alone', variants: malformed });
    const id = await act(primary, 0);
    await primary.line(new RegExp(`^${id} error ERR_CLUSTER_RS_MALFORMED_FRAME true$`));
    assertPeace(primary);
  });

  it('also with structured clone', { timeout: 60_000 }, async (t) => {
    const variants = malformed.filter(({ name }) => /structured clone|random bytes$|no JSON/.test(name));
    const { primary, port } = await startProgram(t, { listens: true, variants, advanced: true });
    for (const index of variants.keys()) {
      const id = await act(primary, index);
      await primary.line(new RegExp(`^${id} exit 0$`));
      assert.strictEqual(
        primary.lines(new RegExp(`^${id} error ERR_CLUSTER_RS_MALFORMED_FRAME true$`)).length,
        1,
        primary.output,
      );
    }
    await assertOthersServe(port);
    assertPeace(primary);
  });
});

describe('nonsense in messages of a valid form harms nobody else', () => {
  const size = 10; // Each is a process.
  for (let begin = 0; begin < nonsense.length; begin += size) {
    const variants = nonsense.slice(begin, begin + size);
    it(variants.map(({ name }) => name).join(', '), { timeout: 120_000 }, async (t) => {
      const { primary, port } = await startProgram(t, { listens: true, leaves: true, variants });
      for (const index of variants.keys()) primary.tell(index);
      await primary.line(/^\d+ message "ready"$/, variants.length);
      await primary.line(/^\d+ exit/, variants.length);
      await assertOthersServe(port);
      assertPeace(primary);
    });
  }
});

/** Passes each kind of descriptor as each type of handle. */
function passing() {
  const cluster = require('cluster');
  const { spawnSync } = require('child_process');

  if (cluster.isPrimary) {
    process.on('warning', () => {});
    const worker = cluster.fork();
    let last = '';
    worker.on('message', ([type, kind], handle) => {
      const isSaid = last !== `${type} ${kind}`;
      last = `${type} ${kind}`;
      if (isSaid) console.log(`${type} ${kind}: ${handle?.constructor.name}`);
      handle?.on?.('error', () => {});
      handle?.resume?.();
      setTimeout(() => (handle?.destroy ?? handle?.close)?.call(handle), 100);
    });
    worker.on('exit', (code) => setTimeout(() => console.log(`exit ${code}`), 200));
    return;
  }

  // Writes frames, and passes a descriptor with each, into the channel, which is its descriptor 3.
  const python = `
import array, json, os, pty, select, socket, struct
channel = socket.socket(fileno=3)
channel.setblocking(True)
listening = socket.create_server(('127.0.0.1', 0))
connected = socket.create_connection(listening.getsockname())
kinds = {
  'null': os.open('/dev/null', os.O_RDWR), 'file': os.open('/proc/self/exe', os.O_RDONLY), 'folder': os.open('/', os.O_RDONLY),
  'path': os.open('/', os.O_PATH), 'terminal': pty.openpty()[1], 'epoll': select.epoll(), 'pipe': os.pipe()[0],
  'stream': socket.socketpair()[0], 'unix datagram': socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)[0],
  'packets': socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)[0], 'netlink': socket.socket(socket.AF_NETLINK, socket.SOCK_RAW),
  'tcp': socket.socket(), 'listening': listening, 'connected': connected, 'udp4': socket.socket(type=socket.SOCK_DGRAM),
}
types = ['net.Socket', 'net.Server', 'net.Native', 'net.BoundSocket', 'dgram.Socket', 'dgram.Native', 'constructor', '__proto__']
for kind, fd in kinds.items():
  number = fd if isinstance(fd, int) else fd.fileno()
  for type in types:
    text = json.dumps([[type, kind], {'type': type}]).encode()
    frame = struct.pack('<IBBH', len(text), 3, 1, 0) + text
    channel.sendmsg([frame], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [number]))])
`;
  const { error, status } = spawnSync('python3', ['-c', python], {
    stdio: ['ignore', 'inherit', 'inherit', process.channel.fd],
  });
  process.exit(error ? 77 : status);
}

const hasPython = spawnSync('python3', ['--version']).status === 0;

it(
  'what is passed as a handle and can be none aborts nobody',
  {
    timeout: 60_000,
    skip: !hasPython && 'needs python3',
  },
  async (t) => {
    const primary = startOurs(t, [write(t, passing)]);
    await primary.line(/^exit 0$/);
    const right = {
      'net.Socket': { Socket: ['pipe', 'stream', 'tcp', 'listening', 'connected'] },
      'net.Server': { Server: ['tcp', 'listening'] },
      'net.Native': { Pipe: ['pipe', 'stream'], TCP: ['tcp', 'listening', 'connected'] },
      'dgram.Socket': { Socket: ['udp4'] },
      'dgram.Native': { UDP: ['udp4'] },
    };
    const lines = primary.lines(/^(\S+) (.+): (\S+)$/).map(([, ...line]) => line);
    assert.strictEqual(lines.length, 15 * 8, primary.output);
    for (const [type, kind, name] of lines) {
      if (type === 'net.BoundSocket') continue; // Not on each release.
      const [expected] = Object.entries(right[type] ?? {}).find(([, kinds]) => kinds.includes(kind)) ?? [];
      assert.strictEqual(name, String(expected), `${type} ${kind}`);
    }
    assert.strictEqual(await primary.end(), 0);
  },
);

it('what can be no handle at the other end is not sent', { timeout: 60_000 }, async (t) => {
  const primary = startOurs(t, [
    write(t, () => {
      const cluster = require('cluster');
      const fs = require('fs');
      const net = require('net');
      if (cluster.isPrimary) {
        cluster.fork().on('message', (message, handle) => console.log(message, handle));
      } else {
        const socket = new net.Socket();
        socket._handle = { fd: fs.openSync('/dev/null'), close() {} };
        process.send('without', socket, (error) => {
          process.send(`${error.syscall} ${error.code}`, () => process.disconnect());
        });
      }
    }),
  ]);
  assert.strictEqual(await primary.end(), 0);
  assert.strictEqual(primary.stdout, 'write EBADF undefined\n');
});

describe('garbage in the handoff socket: that worker gets no connection any more', () => {
  for (const [index, { name }] of handoffs.entries()) {
    it(name, { timeout: 60_000 }, async (t) => {
      const { primary, port } = await startProgram(t, { listens: true, variants: handoffs });
      const id = await act(primary, index);
      await primary.line(/^warning CLUSTER_RS_DISPATCHER$/);
      const answers = await getMany(30, port);
      assert.deepStrictEqual([...new Set(answers)].sort(), ['worker 1', 'worker 2'], `not worker ${id}`);
      assertPeace(primary);
      assert.deepStrictEqual(primary.lines(new RegExp(`^${id} (?!forked|message)`)), []);
    });
  }
});

describe('nonsense in the shared page costs no connection', () => {
  for (const [index, { name }] of pages.entries()) {
    it(name, { timeout: 60_000 }, async (t) => {
      const { primary, port } = await startProgram(t, { listens: true, variants: pages });
      await act(primary, index);
      for (let round = 0; round < 20; round++) await getMany(20, port);
      await assertOthersServe(port);
      assertPeace(primary);
      assert.deepStrictEqual(primary.lines(/^(warning|\d+ (error|disconnect|exit))/), []);
    });
  }
});
