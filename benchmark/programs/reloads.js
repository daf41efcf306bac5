'use strict';

// Two workers under a supervisor, which reloads with each SIGUSR2; or is upgraded, where the file that ORDER names has a path
// of Node.

const fs = require('node:fs');
const path = require('node:path');
const cluster = require('../..');

cluster.setupPrimary({ exec: path.join(__dirname, 'slow_server.js') });
const supervisor = cluster.supervise({ workers: 2 });
supervisor.once('ready', () => console.log(`ready ${process.pid}`));
process.on('SIGUSR2', async () => {
  const execPath = fs.readFileSync(process.env.ORDER, 'utf8');
  if (execPath === '') await supervisor.reload();
  else await supervisor.upgrade({ execPath });
  console.log('done');
});
