'use strict';

// Forks one worker after the other, each when the last one has gone, from a primary with a heap of a given size.

const cluster = require('cluster');
const fs = require('fs');
const { options, ownCpu, say } = require('./options.js');

if (cluster.isPrimary) {
  // 8 KB each: small enough to live on the ordinary pages of the heap.
  const heap = Array.from({ length: options.heapMegabytes * 128 }, (_, i) => new Array(1024).fill(i));
  const tick = 10_000; // microseconds, of `/proc/<pid>/stat`
  const forks = [];

  const forkNext = () => {
    const primary = ownCpu();
    const begin = performance.now();
    const worker = cluster.fork();
    const blocked = performance.now() - begin;
    worker.once('online', () => {
      const online = performance.now() - begin;
      const stat = fs.readFileSync(`/proc/${worker.process.pid}/stat`, 'latin1').split(') ')[1].split(' ');
      const cpu = { primary: ownCpu() - primary, workers: (Number(stat[11]) + Number(stat[12])) * tick };
      forks.push({ blocked, online, cpu });
      worker.kill('SIGKILL');
    });
    worker.once('exit', () => {
      if (forks.length < options.forks) setTimeout(forkNext, 5);
      else say({ forks, heap: heap.length });
    });
  };
  say({ workers: [] });
  forkNext();
} else {
  setInterval(() => {}, 1000);
}
