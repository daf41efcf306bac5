'use strict';

// A service that is replaced as a whole, with another Node or other options, without losing a request.
//
//   node examples/upgrade.js
//   kill -USR2 <pid>    another primary takes over, and this one ends
//   kill <pid>          stop, when all requests are answered

const http = require('node:http');
const cluster = require('..'); // In your own program: require('cluster-rs').

if (cluster.isPrimary) {
  const supervisor = cluster.supervise({ workers: 2, signals: false });
  supervisor.once('ready', () => console.log(`primary ${process.pid} on Node ${process.version} serves`));
  supervisor.on('upgradeFailed', (error) => console.log(error.message));
  process.on('SIGUSR2', () =>
    supervisor.upgrade().then(
      () => process.exit(),
      () => {}, // An event has told of it.
    ),
  );
  process.on('SIGTERM', async () => {
    await supervisor.stop();
    process.exit();
  });
} else {
  const server = http.createServer((request, response) => response.end(`primary ${process.ppid}\n`));
  server.listen(Number(process.env.PORT ?? 8000), '127.0.0.1');
}
