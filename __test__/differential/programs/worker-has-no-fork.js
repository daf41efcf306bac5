'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  cluster.fork().on('exit', (code) => console.log('exit', code));
} else {
  for (const name of ['fork', 'setupPrimary', 'setupMaster', 'disconnect']) {
    try {
      cluster[name]();
    } catch (error) {
      console.log(name, error.name, error.message.replace(/^.*?cluster/, 'cluster'));
    }
  }
  process.disconnect();
}
