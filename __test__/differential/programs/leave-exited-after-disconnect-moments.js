'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  const ways = [
    (worker) => worker.disconnect(),
    (worker) => worker.kill(),
    (worker) => worker.send('process.exit'),
    (worker) => worker.send('process.disconnect'),
    (worker) => worker.send('worker.disconnect'),
    (worker) => worker.send('worker.kill'),
    (worker) => worker.process.disconnect(),
    (worker) => worker.process.kill(),
  ];
  const next = () => {
    const way = ways.shift();
    if (way === undefined) return;
    const worker = cluster.fork();
    const log = [worker.exitedAfterDisconnect];
    worker.on('message', () => {
      log.push(worker.exitedAfterDisconnect);
      way(worker);
      log.push(worker.exitedAfterDisconnect);
    });
    worker.on('disconnect', () => log.push(['disconnect', worker.exitedAfterDisconnect]));
    worker.on('exit', (code, signal) => {
      console.log(
        String(way),
        JSON.stringify(log.map((value) => value ?? 'undefined')),
        worker.exitedAfterDisconnect,
        code,
        signal,
      );
      next();
    });
  };
  next();
} else {
  process.on('message', (message) =>
    setTimeout(() => {
      if (message === 'process.exit') process.exit();
      if (message === 'process.disconnect') process.disconnect();
      if (message === 'worker.disconnect') cluster.worker.disconnect();
      if (message === 'worker.kill') cluster.worker.kill();
    }, 50),
  );
  setTimeout(() => process.send('ready'), 50);
}
