'use strict';

// Two workers under a supervisor, which reloads whenever a line comes.

const path = require('node:path');
const readline = require('node:readline');
const cluster = require('../..');

cluster.setupPrimary({ exec: path.join(__dirname, 'slow_server.js') });
const supervisor = cluster.supervise({ workers: 2 });
supervisor.once('ready', () => console.log('ready'));
readline.createInterface({ input: process.stdin }).on('line', async () => {
  await supervisor.reload();
  console.log('reloaded');
});
