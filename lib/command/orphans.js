'use strict';

// As process 1 of a container, this process inherits those whose parents have ended, and has to take note of their ends.

const fs = require('node:fs');
const { binding } = require('../native.js');

function processes() {
  try {
    return fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return []; // There is no descriptor left to read it with. The next that ends is a reason to look again.
  }
}

/** The zombies among this process's children. */
function zombies() {
  return processes()
    .filter((name) => {
      try {
        const text = fs.readFileSync(`/proc/${name}/stat`, 'latin1');
        const [state, parent] = text.slice(text.lastIndexOf(')') + 2).split(' ');
        return state === 'Z' && Number(parent) === process.pid;
      } catch {
        return false; // It has gone.
      }
    })
    .map(Number);
}

/**
 * Does so for all but workers, whose ends are awaited elsewhere.
 * @param {object} cluster
 */
function reapOrphans(cluster) {
  if (process.pid !== 1 || !binding) return;
  zombies(); // Where the permission model denies it, that is to be known now.
  process.on('SIGCHLD', () => {
    const workers = new Set(Object.values(cluster.workers).map((worker) => worker.process.pid));
    for (const pid of zombies()) {
      if (!workers.has(pid)) binding.reap(pid);
    }
  });
}

module.exports = { reapOrphans };
