'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  cluster.setupPrimary({ windowsHide: true, mine: 'kept' });
  console.log(cluster.settings.windowsHide, cluster.settings.mine);
  cluster.fork().on('exit', (code) => console.log('exit', code));
} else {
  process.disconnect();
}
