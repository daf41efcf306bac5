'use strict';

// A worker that gets stuck again and again, and clients with connections that are kept alive: how long do they wait?
//
//   node examples/kept_alive.js                          kept-alive connections go where they wait least
//   CLUSTER_RS_REBALANCE=0 node examples/kept_alive.js   they stay where they are, as in Node

const http = require('node:http');
const { setTimeout: delay } = require('node:timers/promises');
const cluster = require('..'); // In your own program: require('cluster-rs').

const CLIENTS = 12;
const REQUESTS = Number(process.env.REQUESTS ?? 100); // of each client, one every 50 ms

/** Asks as often as it should, whether there have been answers or not, and gives how long each took, in milliseconds. */
async function ask(port) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const times = [];
  for (let i = 0; i < REQUESTS; i++) {
    const due = performance.now();
    const answered = new Promise((resolve) => {
      http.get({ host: '127.0.0.1', port, agent }, (response) => response.resume().on('end', resolve));
    });
    times.push(answered.then(() => performance.now() - due));
    await delay(50);
  }
  const all = await Promise.all(times);
  agent.destroy();
  return all;
}

if (cluster.isPrimary) {
  const supervisor = cluster.supervise({ workers: 3 });
  let port;
  cluster.on('listening', (worker, address) => (port = address.port));
  supervisor.once('ready', async () => {
    const times = (await Promise.all(Array.from({ length: CLIENTS }, () => ask(port)))).flat().sort((a, b) => a - b);
    const percentile = (part) => times[Math.floor(times.length * part)].toFixed(1);
    console.log(
      `${times.length} answers; half took up to ${percentile(0.5)} ms, 99 of 100 up to ${percentile(0.99)} ms`,
    );
    console.log(`${cluster.figures().moved} times a connection moved`);
    await supervisor.stop();
  });
} else {
  http.createServer((request, response) => response.end('done')).listen(0, '127.0.0.1');
  const block = () => {
    for (const end = performance.now() + 300; performance.now() < end;);
    setTimeout(block, 20);
  };
  if (cluster.worker.id === 1) setTimeout(block, 1000);
}
