'use strict';

// Two workers under a supervisor, which reloads whenever a line comes; or is upgraded, where the line has a path of Node.

const path = require('node:path');
const readline = require('node:readline');
const cluster = require('../..');

cluster.setupPrimary({ exec: path.join(__dirname, 'slow_server.js') });
const supervisor = cluster.supervise({ workers: 2 });
const lines = readline.createInterface({ input: process.stdin });
supervisor.once('ready', () => console.log(`ready ${process.pid}`));
lines.on('line', async (execPath) => {
  if (execPath === '') {
    await supervisor.reload();
  } else {
    lines.close(); // The next one reads on.
    await supervisor.upgrade({ execPath });
  }
  console.log('done');
});
