'use strict';

const fs = require('node:fs');

/**
 * Where the TCP connections lead that a process has, as `address:port` of their other ends (IPv4). The process should be
 * stopped, so that it takes none meanwhile. `undefined` if it has gone.
 * @param {number} pid
 * @returns {string[] | undefined}
 */
function heldConnections(pid) {
  const inodes = new Set();
  try {
    for (const fd of fs.readdirSync(`/proc/${pid}/fd`)) {
      const [, inode] = /^socket:\[(\d+)\]$/.exec(fs.readlinkSync(`/proc/${pid}/fd/${fd}`)) ?? [];
      if (inode !== undefined) inodes.add(inode);
    }
  } catch {
    return undefined;
  }
  const lines = fs.readFileSync('/proc/net/tcp', 'latin1').split('\n').slice(1, -1);
  const columns = lines.map((line) => line.trim().split(/\s+/));
  return columns.filter(([, , , , , , , , , inode]) => inodes.has(inode)).map(([, , remote]) => readable(remote));
}

/** `0100007F:1F90` is 127.0.0.1:8080 where the processor begins numbers with their lowest byte, as ours do. */
function readable(remote) {
  const [address, port] = remote.split(':');
  const bytes = address.match(/../g).map((byte) => parseInt(byte, 16));
  return `${bytes.reverse().join('.')}:${parseInt(port, 16)}`;
}

module.exports = { heldConnections };
