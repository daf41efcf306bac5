'use strict';

// What the kernel knows of a process.

const { readFileSync } = require('node:fs');
const { Number } = require('../primordials.js');

// In which `/proc` counts CPU time; the same on each architecture of Linux.
const TICKS_PER_SECOND = 100;
const USER_TIME = 11; // after the name
const SYSTEM_TIME = 12;

function read(file) {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return ''; // It has gone.
  }
}

/** How many bytes of memory a process has; 0 if it has gone. */
function memoryOf(pid) {
  const [, kilobytes] = /^VmRSS:\s+(\d+)/m.exec(read(`/proc/${pid}/status`)) ?? [];
  return kilobytes === undefined ? 0 : Number(kilobytes) * 1024;
}

/** How many seconds of CPU time a process has used; 0 if it has gone. */
function cpuTimeOf(pid) {
  const text = read(`/proc/${pid}/stat`);
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[USER_TIME] ?? 0) + Number(fields[SYSTEM_TIME] ?? 0)) / TICKS_PER_SECOND;
}

/** Throws Node's `ERR_ACCESS_DENIED` where the permission model denies reading them. */
function askForFigures() {
  readFileSync(`/proc/${process.pid}/status`);
}

module.exports = { askForFigures, cpuTimeOf, memoryOf };
