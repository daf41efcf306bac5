'use strict';

// Two workers under a supervisor, which reloads with each SIGUSR2; or is upgraded, where the file that ORDER names says to what.
// PACKAGE is where this package is, if it is not the one around this file.

const fs = require('node:fs');
const path = require('node:path');
const cluster = require(process.env.PACKAGE ?? '../..');

cluster.setupPrimary({ exec: path.join(__dirname, 'slow_server.js') });
const supervisor = cluster.supervise({ workers: 2 });
supervisor.once('ready', () => console.log(`ready ${process.pid}`));
process.on('SIGUSR2', async () => {
  const command = JSON.parse(fs.readFileSync(process.env.ORDER, 'utf8'));
  if (command) await supervisor.upgrade(command);
  else await supervisor.reload();
  console.log('done');
});
