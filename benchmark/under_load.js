'use strict';

// A service that is replaced again and again while clients ask it: on connections that are kept alive, on new ones, and by
// connecting alone as often as that goes.

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const net = require('node:net');
const path = require('node:path');
const { freePort } = require('./program.js');

const summary = path.join(__dirname, 'summary.lua');

/** Asks until `stop` is called, which gives what wrk has counted. */
function load(port, clients, headers) {
  const args = ['-t', '1', '-c', `${clients}`, '-d', '3600s', '--timeout', '10s', '-s', summary, ...headers];
  const wrk = spawn('wrk', [...args, `http://127.0.0.1:${port}/`], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  wrk.stdout.setEncoding('utf8').on('data', (part) => (text += part));
  return async () => {
    wrk.kill('SIGINT');
    await once(wrk, 'close');
    return JSON.parse(text.slice(text.lastIndexOf('\n{') + 1));
  };
}

/** Connects each millisecond until `stop` is called, which gives how often that was refused. */
function knock(port) {
  let refused = 0;
  const timer = setInterval(() => {
    const socket = net.connect(port, '127.0.0.1', () => socket.destroy());
    socket.once('error', () => refused++);
  }, 1);
  return () => {
    clearInterval(timer);
    return refused;
  };
}

/**
 * Measures a service under load from 32 kept-alive clients and 8 that connect anew each time.
 * @param {(port: number) => Promise<{ replace: (i: number) => Promise<any>, end: () => Promise<any> }>} start
 * @param {number} times how often it is replaced
 */
async function measure(start, times) {
  const port = await freePort();
  const service = await start(port);
  const stops = [load(port, 32, []), load(port, 8, ['-H', 'Connection: close'])];
  const stop = knock(port);
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const begin = performance.now();
  for (let i = 0; i < times; i++) await service.replace(i);
  const seconds = (performance.now() - begin) / 1000 / times;
  const refused = stop();
  const [kept, fresh] = await Promise.all(stops.map((end) => end()));
  await service.end();
  return { seconds, kept, fresh, refused };
}

module.exports = { measure };
