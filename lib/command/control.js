'use strict';

// The conversation between an application and the command that asks it: one JSON value in each line. The command sends
// `{ command, … }`; the application answers with any number of `{ event }` and then `{ result }` or `{ error }`.

const { once } = require('node:events');
const fs = require('node:fs');
const net = require('node:net');
const readline = require('node:readline');
const { Failure, NOT_RUNNING } = require('./failure.js');
const { socketOf } = require('./runtime_folder.js');

// What an application answers at once, and for how long it may be busy with something else, in milliseconds.
const QUICK = ['info', 'status'];
const PATIENCE = 5000;

/** Connects to an application; `undefined` if it does not run. What it has left behind is removed then. */
async function connect(name) {
  const path = socketOf(name);
  const socket = net.connect(path);
  try {
    await once(socket, 'connect');
    return socket;
  } catch (error) {
    if (error.code === 'ECONNREFUSED') fs.rmSync(path, { force: true });
    else if (error.code !== 'ENOENT') throw new Failure(`${path} can't be reached: ${error.message}`);
    return undefined;
  }
}

/**
 * Asks an application.
 * @param {string} name
 * @param {object} request
 * @param {(event: any) => void} [onEvent]
 * @returns {Promise<any>} the result
 */
async function ask(name, request, onEvent = () => {}) {
  const socket = await connect(name);
  if (!socket) throw new Failure(`no program named ${name} runs`, NOT_RUNNING);
  socket.on('error', () => {}); // Its end is told by the end of the lines.
  let isLate = false;
  if (QUICK.includes(request.command)) {
    socket.setTimeout(PATIENCE, () => {
      isLate = true;
      socket.destroy();
    });
  }
  const lines = readline.createInterface({ input: socket }).on('error', () => {});
  socket.once('close', () => lines.close());
  socket.write(`${JSON.stringify(request)}\n`);
  for await (const line of lines) {
    const { event, result, error } = JSON.parse(line);
    if (event !== undefined) onEvent(event);
    else {
      socket.destroy();
      if (error !== undefined) throw new Failure(error);
      return result;
    }
  }
  if (isLate) throw new Failure(`${name} runs, and does not answer`);
  throw new Failure(`${name} has ended`, NOT_RUNNING);
}

/** Whether an application runs. To one that has been killed there may still be a connection for a moment, but no answer. */
async function isRunning(name) {
  try {
    await ask(name, { command: 'info' });
  } catch (error) {
    return error.code !== NOT_RUNNING;
  }
  return true;
}

/**
 * Listens for commands.
 * @param {string} name of this application
 * @param {(request: object, tell: (event: any) => void, gone: Promise<void>) => Promise<any>} answer gives the result.
 *   What it throws is the error
 * @returns {Promise<net.Server>}
 */
async function serve(name, answer) {
  if (await isRunning(name)) throw new Failure(`a program named ${name} runs already: choose another --name`);
  const server = net.createServer((socket) => {
    const write = (message) => socket.writable && socket.write(`${JSON.stringify(message)}\n`);
    const gone = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => {}); // It goes, as it may; its lines fail with it.
    const lines = readline.createInterface({ input: socket }).on('error', () => {});
    lines.on('line', async (line) => {
      try {
        write({ result: (await answer(JSON.parse(line), (event) => write({ event }), gone)) ?? null });
      } catch (error) {
        write({ error: error.message });
      }
    });
  });
  const path = socketOf(name);
  fs.rmSync(path, { force: true });
  const mask = process.umask(0o177);
  try {
    server.listen(path);
    await once(server, 'listening');
  } catch (error) {
    throw new Failure(`${path} can't be listened on: ${error.message}`);
  } finally {
    process.umask(mask);
  }
  process.once('exit', () => fs.rmSync(path, { force: true }));
  return server;
}

module.exports = { ask, isRunning, serve };
