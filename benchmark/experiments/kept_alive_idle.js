'use strict';

const { once } = require('node:events');
const net = require('node:net');
const { setTimeout: delay } = require('node:timers/promises');
const { freePort, ways, withProgram } = require('../program.js');

const { rebalanced, builtin } = ways;

const CONNECTIONS = 10_000;
const TOGETHER = 100;

/** Opens a connection, asks once, and keeps it. */
async function open(port) {
  const socket = net.connect({ port, host: '127.0.0.1' });
  socket.write('GET / HTTP/1.1\r\nHost: any\r\n\r\n');
  await once(socket, 'data');
  return socket;
}

async function sample(way) {
  const port = await freePort();
  return withProgram(['http', way, { workers: 2, port, keepAliveTimeout: 120_000 }], async (program) => {
    const used = () => {
      const { primary, worker } = program.memory();
      return primary.own + worker.own * 2;
    };
    const sockets = [];
    // Workers that have served something have grown already.
    for (let i = 0; i < 20; i++) {
      const some = await Promise.all(Array.from({ length: TOGETHER }, () => open(port)));
      for (const socket of some) socket.destroy();
    }
    await delay(1000);
    const before = used();
    const cpu = program.cpu();
    while (sockets.length < CONNECTIONS) {
      sockets.push(...(await Promise.all(Array.from({ length: TOGETHER }, () => open(port)))));
    }
    await delay(10_000);
    const each = (used() - before) / CONNECTIONS / 1024;
    const after = program.cpu();
    for (const socket of sockets) socket.destroy();
    const cpuOf = (kind) => (after[kind] - cpu[kind]) / CONNECTIONS;
    return { each, cpu: { primary: cpuOf('primary'), workers: cpuOf('workers') } };
  });
}

module.exports = {
  name: 'kept-alive-idle',
  operation: 'connection',
  ways: { ours: rebalanced, builtin },
  sample,
  rows: [
    {
      name: 'memory of an idle kept-alive connection',
      unit: 'kB',
      what: '10,000 connections that have been answered once, ten seconds later: memory of the primary and two workers above that without them.',
      value: ({ each }) => each,
      by: 'value',
      wanted: { atMost: 2.5 },
    },
  ],
};
