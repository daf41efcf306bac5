'use strict';

// The conversation between an application and the command that asks it: one JSON value in each line. The command sends
// `{ command, … }`; the application answers with any number of `{ event }` and then `{ result }` or `{ error }`.

const { once } = require('node:events');
const fs = require('node:fs');
const net = require('node:net');
const nodePath = require('node:path');
const { setTimeout: delay } = require('node:timers/promises');
const { now } = require('../clock.js');
const { binding } = require('../native.js');
const { Failure, NOT_RUNNING, NoSocket } = require('./failure.js');
const { Lines, split } = require('./lines.js');
const { beside, folderToListen, foldersToSearch, socketIn, socketsOf } = require('./runtime_folder.js');

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

/** The object in a line; `undefined` if there is none. */
function parse(line) {
  try {
    const value = JSON.parse(line);
    return typeof value === 'object' && !Array.isArray(value) ? (value ?? undefined) : undefined;
  } catch {
    return undefined;
  }
}

/** Connects to an application, wherever its socket is. */
async function reach(name) {
  for (const path of socketsOf(name).filter((path) => fs.existsSync(path))) {
    const socket = await connect(path);
    if (socket) return socket;
    await removeStale(path);
  }
  throw new Failure(`${name} is not running; searched ${foldersToSearch().join(' and ')}`, NOT_RUNNING);
}

/**
 * Asks an application.
 * @param {string} name
 * @param {object} request
 * @param {(event: any, hangUp: () => void) => void} [onEvent] can end the conversation before there is a result
 * @returns {Promise<any>} the result
 */
async function ask(name, request, onEvent = () => {}) {
  const socket = await reach(name);
  socket.on('error', () => {}); // Its end is told by its close.
  let isLate = false;
  if (QUICK.includes(request.command)) {
    socket.setTimeout(PATIENCE, () => {
      isLate = true;
      socket.destroy();
    });
  }
  let answer;
  const end = (last) => {
    answer = last;
    socket.destroy();
  };
  const lines = new Lines(Infinity);
  socket.on('data', (piece) => {
    for (const line of split(lines.add(piece))) {
      const { event, ...last } = parse(line) ?? { error: `malformed answer of ${name}: ${line}` };
      if (event !== undefined) onEvent(event, () => end({}));
      else end(last);
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

/** Runs `act` while no other process does that in this folder; where there is no addon, others may. */
async function alone(folder, act) {
  if (!binding) return act();
  const opened = fs.openSync(folder);
  let lock;
  try {
    const end = now() + PATIENCE;
    while (!(lock = binding.lockFolder(opened))) {
      if (now() > end) throw new Failure(`${folder} is locked by another start: try again`);
      await delay(10);
    }
    return await act();
  } finally {
    lock?.release();
    fs.closeSync(opened);
  }
}

function isWritable(folder) {
  try {
    fs.accessSync(folder, fs.constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Removes what one that was killed has left behind, unless somebody listens there by now. */
function removeStale(path) {
  return alone(nodePath.dirname(path), async () => {
    const listener = await connect(path);
    if (listener) listener.destroy();
    else if (isWritable(nodePath.dirname(path))) fs.rmSync(path, { force: true });
  });
}

/** Gives a listening socket its name, which only one can have; or which this one takes over. */
async function take(name, own, path, replaces) {
  if (replaces) return fs.renameSync(own, path);
  for (;;) {
    if (await isRunning(name)) throw new Failure(`${name} is running already: choose another --name`);
    try {
      fs.linkSync(own, path);
      return;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
  }
}

/**
 * Listens for commands.
 * @param {string} name of this application
 * @param {(request: object, tell: (event: any) => void, gone: Promise<void>) => Promise<any>} answer gives the result.
 *   What it throws is the error
 * @param {object} [how]
 * @param {boolean} [how.replaces] whether it takes the name over from another process, which runs
 * @returns {Promise<{ hasName: () => boolean, close: () => void }>} rejects with a {@link NoSocket} where there is no place for one
 */
async function serve(name, answer, { replaces = false } = {}) {
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
        const request = parse(line);
        if (!request) throw new Failure('malformed request: each line must be a JSON object with a command');
        write({ result: (await answer(request, (event) => write({ event }), gone)) ?? null });
      } catch (error) {
        write({ error: error.message });
      }
    };
    const lines = new Lines();
    socket.on('data', (piece) => split(lines.add(piece)).forEach(reply));
  });
  const folder = folderToListen();
  const path = socketIn(folder, name);
  const own = beside(folder, process.pid);
  fs.rmSync(own, { force: true });
  const mask = process.umask(0o177);
  try {
    server.listen(own);
    await once(server, 'listening');
    await take(name, own, path, replaces);
  } catch (error) {
    server.close();
    if (error instanceof Failure) throw error;
    throw new NoSocket(`${path} can't be listened on: ${error.message}`);
  } finally {
    process.umask(mask);
    fs.rmSync(own, { force: true });
  }
  server.on('error', () => {}); // A connection that there was no descriptor for: whoever asks hears nothing, and asks again.
  const { ino } = fs.statSync(path);
  // Somebody may have another one there by now.
  const hasName = () => {
    try {
      return fs.statSync(path).ino === ino;
    } catch {
      return false;
    }
  };
  process.once('exit', () => hasName() && fs.rmSync(path, { force: true }));
  return { hasName, close: () => server.close() };
}

module.exports = { ask, isRunning, serve };
