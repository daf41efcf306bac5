'use strict';
const cluster = require('cluster');

for (const options of [{ uid: 'root' }, { uid: -5.5 }, { uid: undefined, gid: 'wheel' }, { gid: {} }]) {
  try {
    cluster.setupPrimary({ uid: undefined, gid: undefined, ...options });
    cluster.fork();
  } catch (error) {
    console.log(error.name, error.code, error.message);
  }
}
