'use strict';

// HTTP load: as much as there can be, made by wrk, or at a steady pace.

const { execFile, spawnSync } = require('node:child_process');
const http = require('node:http');
const path = require('node:path');
const { setTimeout: delay } = require('node:timers/promises');
const { promisify } = require('node:util');

const script = path.join(__dirname, 'summary.lua');

/** Why there can be no load; `undefined` if there can. */
function missingTool() {
  const found = (command, args) => spawnSync(command, args, { stdio: 'ignore' }).error === undefined;
  if (!found('wrk', ['-v'])) return 'wrk makes the load, and it is not installed: sudo apt-get install wrk';
  if (!found('taskset', ['-V'])) return 'taskset is not installed: sudo apt-get install util-linux';
  return undefined;
}

/**
 * Asks for `/` again and again.
 * @param {object} options
 * @param {number} options.port of a server on 127.0.0.1
 * @param {number} options.seconds a whole number
 * @param {boolean} options.keepAlive or a connection for each request
 * @param {number} options.clients how many ask at the same time
 * @returns {Promise<{ requests: number, seconds: number, errors: number, p99: number }>} what was answered in what time;
 *   the 99th percentile is in milliseconds
 */
async function load({ port, seconds, keepAlive, clients }) {
  const args = ['-t', '2', '-c', String(clients), '-d', `${seconds}s`, '--timeout', '10s', '-s', script];
  if (!keepAlive) args.push('-H', 'Connection: close');
  const { stdout } = await promisify(execFile)('wrk', [...args, `http://127.0.0.1:${port}/`]);
  return JSON.parse(stdout.slice(stdout.lastIndexOf('\n{') + 1));
}

/** Asks once, on a connection of its own; gives whether there was an answer. */
function ask(port) {
  return new Promise((resolve) => {
    const request = http.get({ port, host: '127.0.0.1', agent: false }, (response) => {
      response.resume().on('end', () => resolve(true));
    });
    request.on('error', () => resolve(false));
  });
}

/**
 * Asks for `/` at a steady pace, each time on a connection of its own.
 * @param {object} options
 * @param {number} options.port of a server on 127.0.0.1
 * @param {number} options.seconds
 * @param {number} options.rate how often in a second
 * @returns {Promise<{ requests: number, seconds: number, errors: number }>} as from {@link load}
 */
async function pace({ port, seconds, rate }) {
  const begin = performance.now();
  const asked = [];
  while (asked.length < rate * seconds) {
    const due = ((performance.now() - begin) / 1000) * rate;
    while (asked.length < Math.min(due, rate * seconds)) asked.push(ask(port));
    await delay(1);
  }
  const errors = (await Promise.all(asked)).filter((answered) => !answered).length;
  return { requests: asked.length, seconds: (performance.now() - begin) / 1000, errors };
}

module.exports = { load, missingTool, pace };
