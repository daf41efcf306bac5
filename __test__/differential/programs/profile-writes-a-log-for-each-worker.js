'use strict';
const cluster = require('cluster');
const fs = require('fs');

if (cluster.isPrimary) {
  cluster.setupPrimary({ execArgv: ['--prof'] });
  console.log(cluster.settings.execArgv);
  const workers = [cluster.fork(), cluster.fork()];
  let exits = 0;
  cluster.on('exit', () => {
    if (++exits < 2) return;
    const logs = fs.readdirSync('.').filter((name) => name.endsWith('.log'));
    console.log(
      logs.length,
      workers.every((worker) => logs.some((name) => name.includes(`${worker.process.pid}`))),
    );
    logs.forEach((name) => fs.unlinkSync(name));
  });
} else {
  process.disconnect();
}
