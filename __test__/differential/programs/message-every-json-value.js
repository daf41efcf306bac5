'use strict';
const cluster = require('cluster');

const values = [
  0,
  -0,
  1.5,
  1e300,
  -1,
  true,
  false,
  '',
  'text',
  [],
  [1, [2, [3]]],
  {},
  { a: { b: null } },
  null,
  NaN,
  Infinity,
  [undefined, () => {}, Symbol('s')],
  { u: undefined, f() {}, kept: 1 },
  new Date(0),
  /regexp/,
  new Map([[1, 2]]),
  Buffer.from('ab'),
  new Error('lost'),
  {
    toJSON() {
      return 'from toJSON';
    },
  },
  new Number(5),
  new String('boxed'),
  'line\nbreak\u2028 \0',
];
if (cluster.isPrimary) {
  const worker = cluster.fork();
  let count = 0;
  worker.on('message', (message) => {
    if (message === 'ready') values.forEach((value) => worker.send(value));
    else console.log(++count, message);
    if (count === values.length) worker.disconnect();
  });
} else {
  process.on('message', (message) => process.send(message));
  process.send('ready');
}
