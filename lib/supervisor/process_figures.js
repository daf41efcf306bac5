'use strict';

// What the kernel knows of a process.

const { readFileSync } = require('node:fs');
const { Number, regexps, strings } = require('../primordials.js');

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
  const [, kilobytes] = regexps.exec(/^VmRSS:\s+(\d+)/m, read(`/proc/${pid}/status`)) ?? [];
  return kilobytes === undefined ? 0 : Number(kilobytes) * 1024;
}

/** How many seconds of CPU time a process has used; 0 if it has gone. */
function cpuTimeOf(pid) {
  const text = read(`/proc/${pid}/stat`);
  const fields = strings.split(strings.slice(text, strings.lastIndexOf(text, ')') + 2), ' ');
  return (Number(fields[USER_TIME] ?? 0) + Number(fields[SYSTEM_TIME] ?? 0)) / TICKS_PER_SECOND;
}

/** Throws Node's `ERR_ACCESS_DENIED` where the permission model denies reading them. */
function askForFigures() {
  if (process.permission) readFileSync(`/proc/${process.pid}/status`);
}

module.exports = { askForFigures, cpuTimeOf, memoryOf };
