'use strict';

// Where the inspector of a process listens, and whether it can be opened at all, seen from outside: Linux only.

const { readFile, readdir, readlink } = require('node:fs/promises');
const { constants } = require('node:os');
const { BigInt, RegExp, Set, arrays, parseInt, regexps } = require('../primordials.js');

const SOCKET = new RegExp('^socket:\\[(\\d+)\\]$');

// A line of /proc/net/tcp that is about a socket which listens on 127.0.0.1: its port, and its inode after five other columns.
const LISTENING = ' 0100007F:([0-9A-F]{4}) [0-9A-F]{8}:[0-9A-F]{4} 0A (?:\\S+ +){5}(\\d+)';

const CAUGHT = new RegExp('^SigCgt:\\t([0-9a-f]+)$', 'm');

/** The inodes of a process's sockets. */
async function socketsOf(pid) {
  const folder = `/proc/${pid}/fd`;
  const inodeOf = async (name) => {
    try {
      return regexps.exec(SOCKET, await readlink(`${folder}/${name}`))?.[1];
    } catch {
      return undefined; // Closed meanwhile.
    }
  };
  const inodes = new Set();
  for (const inode of arrays.map(await readdir(folder), inodeOf)) inodes.add(await inode);
  return inodes;
}

/** All sockets that listen on 127.0.0.1, whoever has them, as a process sees the network. */
async function listening(pid) {
  const text = await readFile(`/proc/${pid}/net/tcp`, 'latin1');
  const line = new RegExp(LISTENING, 'g');
  const found = [];
  for (let match; (match = regexps.exec(line, text)) !== null;) {
    arrays.push(found, { port: parseInt(match[1], 16), inode: match[2] });
  }
  return found;
}

/**
 * The ports of 127.0.0.1 that a process itself listens on: the inspector's, and of servers that no primary has opened. It can be
 * looked for them often: the process's descriptors, which may be many, are read only where there is a socket that is new.
 */
class LocalPorts {
  #pid;
  #ignored = new Set(); // by inode

  /** @param {number} pid */
  constructor(pid) {
    this.#pid = pid;
  }

  /**
   * @returns {Promise<number[]>} without those that have been there when {@link ignore} was called
   * @throws {Error} of the system, if the process has gone
   */
  async look() {
    const found = arrays.filter(await listening(this.#pid), ({ inode }) => !this.#ignored.has(inode));
    if (found.length === 0) return [];
    const own = await socketsOf(this.#pid);
    for (const { inode } of found) if (!own.has(inode)) this.#ignored.add(inode);
    return arrays.map(
      arrays.filter(found, ({ inode }) => own.has(inode)),
      ({ port }) => port,
    );
  }

  /** Leaves out what listens now. */
  async ignore() {
    for (const { inode } of await listening(this.#pid)) this.#ignored.add(inode);
  }
}

/**
 * Whether a process handles SIGUSR1. It would be the end of one that does not.
 * @param {number} pid
 */
async function handlesSigusr1(pid) {
  const caught = regexps.exec(CAUGHT, await readFile(`/proc/${pid}/status`, 'latin1'))[1];
  return (BigInt(`0x${caught}`) & (1n << BigInt(constants.signals.SIGUSR1 - 1))) !== 0n;
}

module.exports = { LocalPorts, handlesSigusr1 };
