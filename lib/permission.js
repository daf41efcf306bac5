'use strict';

// Node's permission model (`--permission`), where the program is under it: others do not load this file. Node knows nothing
// of what the addon does for JavaScript, so that asks first. The answer is Node's own: where `process.permission` has a
// thing denied, Node is made to try it in a way that can't succeed. So the error is that of this release,
// `node:permission-model:…` hears of it, and with `--permission-audit` that is all.

const { ChildProcess } = require('node:child_process');
const { Error, Object, Reflect, Set, arrays } = require('./primordials.js');
const { blankHandle, handleOfDatagram, unheardDatagramSocket } = require('./channel/handles.js');

// Taken while the program can't have changed them.
const { has } = process.permission;
const { spawn } = Object.getPrototypeOf(new ChildProcess()._handle);

// What is to be started in this folder is not: there can't be such a folder.
const NOWHERE = '/dev/null/nowhere';

// `UV_TCP_IPV6ONLY` and `UV_UDP_IPV6ONLY`.
const IPV6_ONLY = 1;

// Where `spawn` of a handle has its arguments, which before Node 24 are one object.
const FOLDER = 2;
const STDIO = 4;

// What is denied remains so, and `has` is heard by those who listen for refusals.
const denied = new Set();

function isDenied(scope) {
  if (!denied.has(scope) && !has(scope)) denied.add(scope);
  return denied.has(scope);
}

isDenied('child');
isDenied('net');

/**
 * Throws Node's `ERR_ACCESS_DENIED` if this process may not start others.
 * @param {object} handle of a `ChildProcess`, as Node has made it
 * @param {unknown[]} given to its `spawn`
 */
function askToSpawn(handle, given) {
  if (!isDenied('child')) return;
  const nothing =
    given.length === 1
      ? [{ ...given[0], cwd: NOWHERE, stdio: [] }]
      : arrays.with(arrays.with(given, FOLDER, NOWHERE), STDIO, []);
  Reflect.apply(spawn, handle, nothing);
}

/** Node's handles give some refusals back, and throw the others. */
function check(result) {
  if (result instanceof Error) throw result;
}

/** Calls `act` with the handle of a TCP or Unix socket that is about to close, and so can't be bound or listen. */
function withStream(isTcp, act) {
  const handle = blankHandle(isTcp);
  handle.close();
  check(act(handle));
}

function withDatagrams(act) {
  const socket = unheardDatagramSocket('udp4');
  try {
    check(act(handleOfDatagram(socket)));
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
  } else if (typeof family !== 'string') {
    withStream(true, (handle) => handle.open(-1)); // Asked for since Node 26.12.
  }
  if (listens === 1) withStream(false, (handle) => handle.listen(1));
}

/** Throws Node's `ERR_ACCESS_DENIED` if this process may not have the Unix socket at `path`, to listen or to connect. */
function askForPath(path) {
  if (isDenied('net')) withStream(false, (handle) => handle.bind(path));
}

module.exports = { askForPath, askForSocket, askToSpawn };
