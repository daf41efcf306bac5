'use strict';

// The conversation between an application and the command that asks it: one JSON value in each line. The command sends
// `{ command, … }`; the application answers with any number of `{ event }` and then `{ result }` or `{ error }`.

const { once } = require('node:events');
const fs = require('node:fs');
const net = require('node:net');
const nodePath = require('node:path');
const { setTimeout: delay } = require('node:timers/promises');
const { binding } = require('../native.js');
const { Failure, NOT_RUNNING } = require('./failure.js');
const { Lines } = require('./lines.js');
const { beside, socketOf } = require('./runtime_folder.js');

// What an application answers at once, and for how long it may be busy with something else, in milliseconds.
const QUICK = ['info', 'status'];
const PATIENCE = 5000;

// How much may wait for a command that does not read, in bytes. Then it is left alone.
const MOST_UNREAD = 64 * 1024 * 1024;

/** Connects to a socket; `undefined` if nobody listens there any more. */
async function connect(path) {
  const socket = net.connect(path);
  try {
    await once(socket, 'connect');
    return socket;
  } catch (error) {
    if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') return undefined;
    throw new Failure(`${path} can't be reached: ${error.message}`);
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
  const path = socketOf(name);
  const socket = await connect(path);
  if (!socket) {
    if (binding) await removeStale(path); // Where there is none, nothing has run.
    throw new Failure(`${name} is not running`, NOT_RUNNING);
  }
  socket.on('error', () => {}); // Its end is told by its close.
  let isLate = false;
  if (QUICK.includes(request.command)) {
    socket.setTimeout(PATIENCE, () => {
      isLate = true;
      socket.destroy();
    });
  }
  let answer;
  const lines = new Lines(Infinity);
  socket.on('data', (piece) => {
    for (const line of lines.add(piece)) {
      const { event, ...last } = JSON.parse(line);
      if (event !== undefined) onEvent(event);
      else {
        answer = last;
        socket.destroy();
      }
    }
  });
  socket.write(`${JSON.stringify(request)}\n`);
  await once(socket, 'close');
  if (answer?.error !== undefined) throw new Failure(answer.error);
  if (answer) return answer.result;
  if (isLate) throw new Failure(`${name} is running, but not answering`);
  throw new Failure(`${name} ended before it answered`, NOT_RUNNING);
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

/** Runs `act` while no other process does that in this folder. */
async function alone(folder, act) {
  let lock = binding.lockFolder(folder);
  for (const end = Date.now() + PATIENCE; !lock; lock = binding.lockFolder(folder)) {
    if (Date.now() > end) throw new Failure(`${folder} is locked by another start: try again`);
    await delay(10);
  }
  try {
    return await act();
  } finally {
    lock.release();
  }
}

/** Removes what one that was killed has left behind, unless somebody listens there by now. */
function removeStale(path) {
  return alone(nodePath.dirname(path), async () => {
    const listener = await connect(path);
    if (listener) listener.destroy();
    else fs.rmSync(path, { force: true });
  });
}

/** Gives a listening socket its name, which only one can have. */
async function take(name, own, path) {
  for (;;) {
    try {
      fs.linkSync(own, path);
      return;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (await isRunning(name)) throw new Failure(`${name} is running already: choose another --name`);
    await removeStale(path);
  }
}

/**
 * Listens for commands.
 * @param {string} name of this application
 * @param {(request: object, tell: (event: any) => void, gone: Promise<void>) => Promise<any>} answer gives the result.
 *   What it throws is the error
 * @returns {Promise<net.Server>}
 */
async function serve(name, answer) {
  const server = net.createServer((socket) => {
    const write = (message) => {
      if (!socket.writable) return;
      socket.write(`${JSON.stringify(message)}\n`);
      if (socket.writableLength > MOST_UNREAD) socket.destroy();
    };
    const gone = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => {}); // It goes, as it may.
    const reply = async (line) => {
      try {
        write({ result: (await answer(JSON.parse(line), (event) => write({ event }), gone)) ?? null });
      } catch (error) {
        write({ error: error.message });
      }
    };
    const lines = new Lines();
    socket.on('data', (piece) => lines.add(piece).forEach(reply));
  });
  const path = socketOf(name);
  const own = beside(nodePath.dirname(path), process.pid);
  fs.rmSync(own, { force: true });
  const mask = process.umask(0o177);
  try {
    server.listen(own);
    await once(server, 'listening');
    await take(name, own, path);
  } catch (error) {
    server.close();
    if (error instanceof Failure) throw error;
    throw new Failure(`${path} can't be listened on: ${error.message}`);
  } finally {
    process.umask(mask);
    fs.rmSync(own, { force: true });
  }
  const { ino } = fs.statSync(path);
  process.once('exit', () => {
    // Somebody may have another one there by now.
    if (fs.statSync(path, { throwIfNoEntry: false })?.ino === ino) fs.rmSync(path, { force: true });
  });
  return server;
}

module.exports = { ask, isRunning, serve };
