'use strict';
const cluster = require('cluster');

for (const value of [null, undefined, 5, 'ab', true, [1], () => {}]) {
  try {
    console.log(cluster.setupPrimary(value), Object.keys(cluster.settings));
  } catch (error) {
    console.log(error.name, error.code, error.message);
  }
}
