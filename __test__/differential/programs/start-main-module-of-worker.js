'use strict';
const cluster = require('cluster');
const path = require('path');

if (cluster.isPrimary) {
  cluster.fork().on('message', (message) => console.log(message));
} else {
  process.send(
    {
      main: require.main === module,
      file: path.basename(require.main.filename),
      title: process.title === path.basename(process.execPath) || process.title.includes('node'),
      argv0: process.argv0,
      argv1: path.basename(process.argv[1]),
      parent: module.parent ?? null,
      cached: Object.keys(require.cache)
        .filter((name) => name.startsWith(__dirname))
        .map((name) => path.basename(name)),
    },
    () => process.disconnect(),
  );
}
