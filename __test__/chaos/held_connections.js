'use strict';

const fs = require('node:fs');

/**
 * Which connections of a server a process has, as `address:port` of their other ends (IPv4). The process should be stopped,
 * so that it takes none meanwhile. `undefined` if it has gone.
 * @param {number} pid
 * @param {number} port the server's
 * @returns {string[] | undefined}
 */
function heldConnections(pid, port) {
  const inodes = new Set();
  try {
    for (const fd of fs.readdirSync(`/proc/${pid}/fd`)) {
      const [, inode] = /^socket:\[(\d+)\]$/.exec(fs.readlinkSync(`/proc/${pid}/fd/${fd}`)) ?? [];
      inodes.add(inode);
    }
  } catch {
    return undefined;
  }
  // Number, this end, other end, state, and so on, up to the inode. Others may have filled this table, so it is read once.
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const line = RegExp(`^ *\\d+: [^ ]{8}:${hex} ([^ ]{8}):([^ ]{4}) [^ ]+ [^ ]+ [^ ]+ [^ ]+ +\\d+ +\\d+ (\\d+) `, 'gm');
  const connections = [...fs.readFileSync('/proc/net/tcp', 'latin1').matchAll(line)];
  return connections.filter(([, , , inode]) => inodes.has(inode)).map(([, address, place]) => readable(address, place));
}

/** `0100007F` is 127.0.0.1 where the processor begins numbers with their lowest byte, as ours do. */
function readable(address, port) {
  const bytes = address.match(/../g).map((byte) => parseInt(byte, 16));
  return `${bytes.reverse().join('.')}:${parseInt(port, 16)}`;
}

module.exports = { heldConnections };
