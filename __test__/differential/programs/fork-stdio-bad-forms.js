'use strict';
const cluster = require('cluster');

const forms = [
  ['inherit', 'inherit', 'inherit'],
  ['inherit', 'inherit', 'inherit', 'ipc', 'ipc'],
  ['inherit', 'inherit', 'wrong', 'ipc'],
  ['inherit', 'inherit', {}, 'ipc'],
  ['inherit', 'inherit', true, 'ipc'],
  ['inherit', 'inherit', Symbol.iterator, 'ipc'],
  [],
];
for (const stdio of forms) {
  try {
    cluster.setupPrimary({ stdio });
    cluster.fork();
    console.log('no error');
  } catch (error) {
    console.log(error.name, error.code, error.message);
  }
}
console.log(Object.keys(cluster.workers));
