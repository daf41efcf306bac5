'use strict';

// Node's permission model (`--permission`). It knows nothing of what the addon does for JavaScript, so that asks first.
// The answer is Node's own: where `process.permission` has a thing denied, Node is made to try it in a way that can't
// succeed. So the error is that of this release, `node:permission-model:…` hears of it, and `--permission-audit` only tells.

const { binding } = require('./native.js');

// Taken while the program can't have changed it. Without the model there is nothing to ask.
const has = process.permission?.has;
const isOn = has !== undefined;

// What is to be started in this folder is not: there can't be such a folder.
const NOWHERE = '/dev/null/nowhere';

// `UV_TCP_IPV6ONLY` and `UV_UDP_IPV6ONLY`.
const IPV6_ONLY = 1;

// Programs without the model need not wait for these to be loaded.
const { ChildProcess } = isOn ? require('node:child_process') : {};
const dgram = isOn && require('node:dgram');
const net = isOn && require('node:net');
const handles = isOn && require('./channel/handles.js');
const spawn = ChildProcess?.prototype.spawn;
const Process = isOn ? new ChildProcess()._handle.constructor : undefined;

// What is denied remains so, and `has` is heard by those who listen for refusals.
const denied = new Set();

function isDenied(scope) {
  if (isOn && !denied.has(scope) && !has(scope)) denied.add(scope);
  return denied.has(scope);
}

isDenied('child');
isDenied('net');

/**
 * Throws Node's `ERR_ACCESS_DENIED` if this process may not start others.
 * @param {object} child a `ChildProcess` that nothing else is done with
 * @param {string} file what is to be run
 * @param {string[]} args with its own name first
 */
function askToSpawn(child, file, args) {
  if (!isDenied('child')) return;
  child._handle = new Process();
  try {
    Reflect.apply(spawn, child, [{ file, args, cwd: NOWHERE, envPairs: [], stdio: 'ignore' }]);
  } catch (error) {
    if (error.code !== 'ENOTDIR') throw error;
  }
}

/** Node's handles give some refusals back, and throw the others. */
function check(result) {
  if (result instanceof Error) throw result;
}

/** Calls `act` with the handle of a TCP socket, or of a Unix socket that is connected, and can't be bound or listen. */
function withStream(isTcp, act) {
  const socket = new net.Socket({ fd: binding.blankSocket(isTcp), readable: false, writable: false });
  try {
    check(act(socket._handle));
  } finally {
    socket.destroy();
  }
}

function withDatagrams(act) {
  const socket = dgram.createSocket('udp4');
  try {
    check(act(handles.handleOfDatagram(socket)));
  } finally {
    socket.close();
  }
}

/**
 * Throws Node's `ERR_ACCESS_DENIED` if this process may not have a socket for servers of workers.
 * @param {number | string | null} family `addressType`, as `net` and `dgram` have it
 * @param {string} [address] an IP address or a path
 * @param {number} [port]
 * @param {number} [fd] the number of one that is bound already, if that is not negative
 * @param {number} listens 1 if this process makes it listen, 0 otherwise
 */
function askForSocket(family, address, port, fd, listens) {
  if (!isDenied('net')) return;
  // An IPv4 address can't be bound for IPv6 only, and another is none for this method.
  const bind = (handle) => handle.bind(address ?? '', port ?? 0, IPV6_ONLY);
  if (!(fd >= 0)) {
    if (family === -1) askForPath(address);
    else if (typeof family === 'string') withDatagrams(bind);
    else withStream(true, bind);
  }
  if (listens === 1) withStream(false, (handle) => handle.listen(1));
}

/** Throws Node's `ERR_ACCESS_DENIED` if this process may not have the Unix socket at `path`, to listen or to connect. */
function askForPath(path) {
  if (isDenied('net')) withStream(false, (handle) => handle.bind(path));
}

/**
 * Has modules that are loaded when they are needed loaded at once, where the program can give up reading files by then
 * (`process.permission.drop`, since Node 24).
 * A module is found again without reading only by its name in the same folder, so each folder does this for itself.
 * @param {() => void} load
 */
function whileReadable(load) {
  if (isOn) load();
}

module.exports = { askForPath, askForSocket, askToSpawn, isOn, whileReadable };
