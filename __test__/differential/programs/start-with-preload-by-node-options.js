'use strict';
const cluster = require('cluster');
const path = require('path');

if (cluster.isPrimary) {
  const worker = cluster.fork({
    NODE_OPTIONS: `--require ${path.join(__dirname, 'fixtures', 'preload.js')} --no-warnings`,
  });
  worker.on('message', (message) => console.log(message));
} else {
  process.send([globalThis.preloaded, process.env.NODE_OPTIONS.includes('preload.js'), process.execArgv], () =>
    process.disconnect(),
  );
}
