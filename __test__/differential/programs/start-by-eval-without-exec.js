// as: eval
'use strict';
const cluster = require('cluster');
if (cluster.isPrimary) {
  try {
    cluster.fork();
  } catch (error) {
    console.log(error.name, error.code, error.message);
  }
}
