'use strict';
const cluster = require('cluster');

for (const policy of [0, 3, 'rr', null, undefined]) {
  cluster.schedulingPolicy = policy;
  try {
    cluster.setupPrimary();
    console.log(policy, 'no error');
  } catch (error) {
    console.log(policy, error.name, error.code, error.message.split('\n')[0]);
  }
}
