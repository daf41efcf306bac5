'use strict';

// Times and sizes as people write them.

const TIMES = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const SIZES = { K: 1024, M: 1024 ** 2, G: 1024 ** 3 };

function parse(text, units, plain) {
  const [, number, unit] = /^(\d+(?:\.\d+)?)([a-zA-Z]*)$/.exec(text) ?? [];
  const factor = unit === '' ? plain : units[unit];
  return factor === undefined ? undefined : Math.round(number * factor);
}

/** `10s` in milliseconds; `undefined` if it is none. */
const parseTime = (text) => parse(text, TIMES);

/** `300M` in bytes; `undefined` if it is none. */
const parseSize = (text) => parse(text.replace(/i?B$/, ''), SIZES, 1);

/** Milliseconds in the two largest units: `2h 5m`. */
function formatTime(milliseconds) {
  const seconds = Math.floor(milliseconds / 1000);
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [seconds % 60, 's'],
  ];
  const first = parts.findIndex(([number]) => number > 0);
  const shown = first < 0 ? parts.slice(-1) : parts.slice(first, first + 2);
  return shown.map(([number, unit]) => `${number}${unit}`).join(' ');
}

/** Bytes: `58.3 MB`. */
const formatSize = (bytes) => `${(bytes / SIZES.M).toFixed(1)} MB`;

/** `1 worker`, `2 workers`. */
const countWorkers = (count) => `${count} ${count === 1 ? 'worker' : 'workers'}`;

module.exports = { countWorkers, formatSize, formatTime, parseSize, parseTime };
