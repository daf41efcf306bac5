'use strict';
const cluster = require('cluster');
const path = require('path');

if (cluster.isPrimary) {
  cluster.setupPrimary({ execArgv: ['-r', path.join(__dirname, 'fixtures', 'preload.js')] });
  cluster.fork().on('message', (message) => console.log(message));
} else {
  process.send([globalThis.preloaded, process.execArgv.map((value) => path.basename(value))], () =>
    process.disconnect(),
  );
}
