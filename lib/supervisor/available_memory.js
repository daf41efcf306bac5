'use strict';

// How much memory further processes can have.

const { readFileSync } = require('node:fs');
const { freemem } = require('node:os');
const { Math, Number, regexps } = require('../primordials.js');

/** How many bytes of this process's control group the kernel can take back: what it keeps of files. */
function reclaimable() {
  try {
    const [, group] = regexps.exec(/^0::(.*)$/m, readFileSync('/proc/self/cgroup', 'latin1')) ?? [];
    const figures = readFileSync(`/sys/fs/cgroup${group}/memory.stat`, 'latin1');
    return Number(regexps.exec(/^inactive_file (\d+)$/m, figures)?.[1] ?? 0);
  } catch {
    return 0; // There is no such group, or it can't be read.
  }
}

/** How many bytes the machine still has, or the control group, if that has less. */
const availableMemory = () => Math.min(freemem(), process.availableMemory() + reclaimable());

module.exports = { availableMemory };
