'use strict';
const cluster = require('cluster');

const long = 'x'.repeat(10_000);
let reads = 0;

// The first is long, so that what follows is looked at more closely.
const messages = () => [
  { z: 1, text: long, 10: 'ten', a: null },
  { z: 1, text: long, 10: 'ten', a: null },
  { first: long, second: `${long}${long}`, third: long },
  { nested: { text: long }, list: [long] },
  { text: 'é€😀'.repeat(5000), other: undefined },
  { text: `${long}\ud800` },
  JSON.parse(`{"__proto__":"${long}","b":1}`),
  { '': long },
  { length: long },
  Object.assign(Object.create({ inherited: long }), { own: long }),
  Object.assign(Object.create(null), { text: long }),
  {
    get text() {
      return `${++reads}${long}`;
    },
    other: long,
  },
  { text: long, toJSON: () => ({ replaced: long }) },
  { text: long, date: new Date(0), symbol: Symbol('gone'), call() {} },
  [long, long],
  new String(long),
  Buffer.alloc(5000),
  Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`name${i}`, i === 50 ? long : i])),
];

/** What can be told of a message in a line: where the long strings are, and how long. */
function describe(message) {
  const short = (name, value) => (typeof value === 'string' && value.length > 99 ? value.length : value);
  return [
    Object.keys(message).slice(0, 5),
    Object.getPrototypeOf(message) === Object.prototype,
    JSON.stringify(message, short).slice(0, 200),
  ];
}

if (cluster.isPrimary) {
  const worker = cluster.fork();
  const expected = messages().map((message) => JSON.stringify(message));
  reads = 0;
  let index = 0;
  worker.on('message', (message) => {
    console.log(index, JSON.stringify(message) === expected[index], ...describe(message));
    if (++index < expected.length) return;
    console.log('read', reads);
    worker.disconnect();
  });
  for (const message of messages()) worker.send(message);
} else {
  process.on('message', (message) => process.send(message));
}
