'use strict';

// What a program was told when it was started: its primary and its workers have the same argument.

/** Writes a line for the process that measures. */
function say(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

/** CPU time of this process since it started, in microseconds. */
function ownCpu() {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** Keeps this thread busy for `work` milliseconds, of every `period`. */
function keepBusy({ work, period }) {
  const end = performance.now() + work;
  while (performance.now() < end);
  setTimeout(keepBusy, period - work, { work, period });
}

module.exports = { keepBusy, options: JSON.parse(process.argv[2]), ownCpu, say };
