'use strict';
const cluster = require('cluster');
const { inspect } = require('util');

if (cluster.isPrimary) {
  cluster.setupPrimary({ serialization: 'advanced' });
  const shared = { same: 1 };
  const bytes = Buffer.from('some bytes');
  const values = [
    { a: undefined, b: NaN, c: -0, d: -Infinity, e: 10n, f: -(2n ** 70n), g: 0n },
    { at: new Date(5), never: new Date(NaN), bytes, empty: Buffer.alloc(0), view: new Float64Array([1.5, 2]) },
    new Map([
      [1, new Map([['k', bytes]])],
      [[{ a: new Set([1, undefined, new Date(7)]) }], 2],
    ]),
    { long: 'x'.repeat(5000), wide: 'ü€'.repeat(3000), cut: '\ud800'.repeat(3000), short: '\ud800' },
    [undefined, 1, , 3], // eslint-disable-line no-sparse-arrays
    Object.assign([1, 2], { named: true }),
    Object.assign([, 2], { named: true }), // eslint-disable-line no-sparse-arrays
    /a(?<name>b)/.exec('ab'),
    Array.from({ length: 100 }, (_, i) => i / 2),
    Array.from({ length: 100 }, (_, i) => ({ id: i, name: `row ${i}`, tags: ['a', 'b'] })),
    Array.from({ length: 100 }, (_, i) => ({ id: i, at: new Date(i) })),
    new Map(Array.from({ length: 100 }, (_, i) => [`key ${i}`, { i }])),
    new Set(Array.from({ length: 100 }, (_, i) => i)),
    { a: shared, b: shared },
    Array.from({ length: 100 }, () => shared),
    { a: bytes, b: bytes },
    JSON.parse('{"__proto__":{"a":1},"constructor":2,"length":3}'),
    Object.assign(JSON.parse('{"__proto__":{"a":1}}'), { b: undefined }),
    { __proto__: null, z: new Date(1) },
    { __proto__: { inherited: 1 }, own: undefined },
    { toJSON: undefined, a: 1 },
    Object.defineProperty({ a: 1 }, 'hidden', { value: 2 }),
    { [Symbol('s')]: 1, a: undefined },
    new (class Point {
      x = 1;
      y = undefined;
    })(),
    new (class extends Map {})([[1, 2]]),
    [[[[[[[[[[{ deep: 1n }]]]]]]]]]],
    { b: 1, a: undefined, 2: 'two', 1: 'one' },
    { '': { '': undefined }, 'a b': { '"': 1n } },
    { error: new RangeError('kept', { cause: shared }), list: [/x/y, Object(1)] },
    new Uint8Array(new Uint8Array([1, 2, 3, 4, 5]).buffer, 1, 3),
    new Uint16Array([1, 2, 3]),
    { a: Buffer.from('odd'), b: new Float32Array([1]), c: new BigUint64Array([5n]), d: new Int8Array([-1]) },
  ];
  const worker = cluster.fork();
  let index = 0;
  worker.on('online', () => values.forEach((value) => worker.send(value)));
  worker.on('message', (message) => {
    const text = inspect(message, { depth: 12, maxStringLength: 40, breakLength: 200 });
    console.log(text.replace(/\n\s+at .*/g, ''), message.constructor?.name);
    for (const [a, b] of [['a', 'b']]) if (message?.[a] instanceof Object) console.log(message[a] === message[b]);
    if (++index === values.length) worker.disconnect();
  });
  worker.on('exit', (code) => console.log('exit', code));
} else {
  process.on('message', (message) => process.send(message));
}
