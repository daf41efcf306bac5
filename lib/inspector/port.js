'use strict';

// Where the inspector of a process listens, seen from outside: Linux only.

const fs = require('node:fs');
const { Boolean, RegExp, Set, arrays, parseInt, regexps, strings } = require('../primordials.js');

const SOCKET = new RegExp('^socket:\\[(\\d+)\\]$');
const LOCAL = '0100007F'; // 127.0.0.1, as the kernel writes it
const LISTENS = '0A';

/** The inodes of a process's sockets. */
function socketsOf(pid) {
  const folder = `/proc/${pid}/fd`;
  const inodes = arrays.map(fs.readdirSync(folder), (name) => {
    try {
      return regexps.exec(SOCKET, fs.readlinkSync(`${folder}/${name}`))?.[1];
    } catch {
      return undefined; // Closed meanwhile.
    }
  });
  return new Set(arrays.filter(inodes, Boolean));
}

/**
 * The ports of 127.0.0.1 that a process itself listens on: the inspector's, and of servers that no primary has opened.
 * @param {number} pid
 * @returns {number[]}
 * @throws {Error} of the system, if the process has gone
 */
function localPorts(pid) {
  const own = socketsOf(pid);
  const ports = [];
  for (const line of arrays.slice(strings.split(fs.readFileSync(`/proc/${pid}/net/tcp`, 'latin1'), '\n'), 1)) {
    const [, local = '', , state, , , , , , inode] = arrays.filter(strings.split(line, ' '), Boolean);
    const [address, port] = strings.split(local, ':');
    if (address === LOCAL && state === LISTENS && own.has(inode)) arrays.push(ports, parseInt(port, 16));
  }
  return ports;
}

module.exports = { localPorts };
