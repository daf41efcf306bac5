'use strict';
const cluster = require('cluster');

console.log(
  'returns',
  cluster.disconnect(() => {
    console.log('first callback');
    cluster.disconnect(() => console.log('second callback'));
  }),
);
cluster.disconnect();
cluster.disconnect('not a function');
console.log('after');
process.nextTick(() => console.log('next tick'));
