'use strict';
const cluster = require('cluster');
const { inspect } = require('util');

if (cluster.isPrimary) {
  cluster.setupPrimary({ serialization: 'advanced' });
  const cyclic = { name: 'cyclic' };
  cyclic.self = cyclic;
  const values = [
    new Map([
      ['a', { b: 1 }],
      [2, new Set([1, 'x'])],
    ]),
    new Set([NaN, -0, undefined]),
    { big: 123456789012345678901234567890n },
    new Date(0),
    /a+b/giu,
    new TypeError('kept'),
    new Uint8Array([1, 2, 3]),
    new Float64Array([1.5, -0]),
    new BigInt64Array([1n]),
    Buffer.from('bytes'),
    new Uint8Array([9, 8, 7]).buffer,
    cyclic,
    { a: undefined, b: null },
    Object.assign([undefined], { 2: 3 }),
    NaN,
    Infinity,
    -0,
    'text \ud800 😀',
    null,
    true,
    new Number(5),
    new String('s'),
    new Boolean(false),
    Object(7n),
  ];
  const worker = cluster.fork();
  let index = 0;
  worker.on('online', () => values.forEach((value) => worker.send(value)));
  worker.on('message', (message) => {
    console.log(inspect(message, { depth: 5 }).replace(/\n\s+at .*/g, ''), message?.constructor?.name);
    if (++index === values.length) worker.disconnect();
  });
  worker.on('exit', (code) => console.log('exit', code));
} else {
  process.on('message', (message) => process.send(message));
}
