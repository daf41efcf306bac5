'use strict';

// HTTP load, made by wrk.

const { execFile, spawnSync } = require('node:child_process');
const path = require('node:path');
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

module.exports = { load, missingTool };
