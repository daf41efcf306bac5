'use strict';

const BOLD = ['\x1b[1m', '\x1b[22m'];

/** Whether `stream` shows colours, and is to. */
function hasColours(stream) {
  return Boolean(stream.isTTY) && !process.env.NO_COLOR;
}

/**
 * A table as text. Numbers, and what begins with one, are at the right.
 * @param {string[]} head
 * @param {(string | number)[][]} rows
 * @param {boolean} inColour
 */
function table(head, rows, inColour) {
  const cells = [head, ...rows].map((row) => row.map(String));
  const widths = head.map((_, i) => Math.max(...cells.map((row) => row[i].length)));
  const atRight = head.map((_, i) => rows.every((row) => /^\d/.test(row[i])));
  const lines = cells.map((row) =>
    row
      .map((cell, i) => (atRight[i] ? cell.padStart(widths[i]) : cell.padEnd(widths[i])))
      .join('  ')
      .trimEnd(),
  );
  if (inColour) lines[0] = BOLD.join(lines[0]);
  return `${lines.join('\n')}\n`;
}

module.exports = { hasColours, table };
