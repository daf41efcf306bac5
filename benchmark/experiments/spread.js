'use strict';

const net = require('node:net');
const { freePort, ways, withProgram } = require('../program.js');
const { cpuEach } = require('./http.js');

const { ours, builtin } = ways;
const CONNECTIONS = 10_000;
const CLIENTS = 50;
const WORKERS = 8;

/** Connects once; gives the name of the worker that it has reached. */
function connectOnce(port) {
  return new Promise((resolve, reject) => {
    let name = '';
    const socket = net.connect(port, '127.0.0.1');
    socket.setEncoding('latin1');
    socket.on('data', (text) => (name += text));
    socket.on('error', reject);
    socket.on('close', () => resolve(name));
  });
}

async function sample(way) {
  const port = await freePort();
  return withProgram(['spread', way, { workers: WORKERS, port }], async (program) => {
    const counts = new Map();
    let left = CONNECTIONS;
    const client = async () => {
      while (left-- > 0) {
        const name = await connectOnce(port);
        counts.set(name, (counts.get(name) ?? 0) + 1);
      }
    };
    const before = program.cpu();
    await Promise.all(Array.from({ length: CLIENTS }, client));
    const cpu = cpuEach(before, program.cpu(), CONNECTIONS);
    const smallest = counts.size === WORKERS ? Math.min(...counts.values()) : 0;
    return { quotient: Math.max(...counts.values()) / Math.max(smallest, 1), cpu };
  });
}

module.exports = {
  name: 'spread',
  operation: 'connection',
  ways: { ours, builtin },
  sample,
  rows: [
    {
      name: `spread over ${WORKERS} workers, largest ÷ smallest`,
      unit: '',
      what: `How evenly ${CONNECTIONS} connections of ${CLIENTS} clients were shared out.`,
      value: (taken) => taken.quotient,
      by: 'value',
      wanted: { atMost: 1.05 },
    },
  ],
};
