'use strict';

// What the primaries of these programs have in common.

const cluster = require('cluster');
const { once } = require('events');
const http = require('http');

/**
 * Forks workers and waits until each of them listens.
 * @param {number} count
 * @returns {Promise<number>} the port that all of them have
 */
async function startWorkers(count) {
  const listening = Array.from({ length: count }, async () => {
    const [{ port }] = await once(cluster.fork(), 'listening');
    return port;
  });
  const [port] = await Promise.all(listening);
  return port;
}

/** Disconnects all workers; gives how each has ended. */
async function endWorkers() {
  const exits = Object.values(cluster.workers).map((worker) => once(worker, 'exit'));
  cluster.disconnect();
  const ends = await Promise.all(exits);
  return ends.map(([code, signal]) => signal ?? code);
}

/**
 * A request to 127.0.0.1 on a connection of its own.
 * @param {number} port
 * @param {string} path
 * @param {object} [options]
 * @param {object} [options.json] sent as the body of a POST
 * @param {string} [options.host]
 * @returns {Promise<{ status: number, type: string, body: string }>}
 */
function ask(port, path, { json, host = '127.0.0.1' } = {}) {
  return new Promise((resolve, reject) => {
    const headers = json ? { 'Content-Type': 'application/json' } : {};
    const request = http.request({ host, port, path, method: json ? 'POST' : 'GET', headers, agent: false });
    request.on('error', reject).on('response', (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text) => (body += text));
      response.on('error', reject).on('end', () => {
        resolve({ status: response.statusCode, type: response.headers['content-type'], body });
      });
    });
    request.end(json && JSON.stringify(json));
  });
}

/** So many times the same question, one after the other; gives the different answers' bodies, sorted. */
async function askAgain(times, port, path, options) {
  const bodies = new Set();
  for (let i = 0; i < times; i++) bodies.add((await ask(port, path, options)).body);
  return [...bodies].sort();
}

module.exports = { ask, askAgain, endWorkers, startWorkers };
