'use strict';

// A program that does next to nothing: `startup.js nothing`, `require <module>` or `fork <module>`. It prints what that
// has cost: times in milliseconds, memory in megabytes.

const fs = require('fs');

const [, , what, name] = process.argv;

function residentMemory(pid) {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'latin1'))[1]) / 1024;
}

function sayCpu() {
  const { user, system } = process.cpuUsage();
  console.log(JSON.stringify({ cpu: (user + system) / 1000 }));
}

function fork(cluster) {
  const begin = performance.now();
  const worker = cluster.fork();
  const blocked = performance.now() - begin;
  worker.once('online', () => {
    const online = performance.now() - begin;
    // When both have done what they do at the start.
    setTimeout(() => {
      const [primary, own] = [process.pid, worker.process.pid].map(residentMemory);
      console.log(JSON.stringify({ online, blocked, primary, worker: own }));
      worker.process.kill('SIGKILL');
    }, 200);
  });
}

if (name !== undefined) {
  const cluster = require(name);
  if (cluster.isWorker) setInterval(() => {}, 1000);
  else if (what === 'fork') fork(cluster);
}
if (what !== 'fork') sayCpu();
