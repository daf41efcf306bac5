'use strict';

const { run } = require('./run');

function lines(text, order) {
  const result = text.split('\n');
  if (result.at(-1) === '') result.pop();
  return order === 'sorted' ? result.sort() : result;
}

function describe(program, result) {
  return [
    ...lines(result.stdout, program.compare),
    ...(program.stderr === 'ignore' ? [] : lines(result.stderr, program.compare).map((line) => `stderr: ${line}`)),
    `exit: ${result.exit}`,
    `processes left: ${result.processes}`,
    `files left: ${result.files.join(' ') || 'none'}`,
  ];
}

/**
 * Shows where two lists of lines differ, by their longest common subsequence.
 *
 * @param {string[]} expected
 * @param {string[]} actual
 * @returns {string} lines marked `-` (expected only), `+` (actual only) or with a blank (both)
 */
function difference(expected, actual) {
  const common = Array.from({ length: expected.length + 1 }, () => new Uint32Array(actual.length + 1));
  for (let i = expected.length - 1; i >= 0; i--) {
    for (let j = actual.length - 1; j >= 0; j--) {
      common[i][j] =
        expected[i] === actual[j] ? common[i + 1][j + 1] + 1 : Math.max(common[i + 1][j], common[i][j + 1]);
    }
  }
  const result = [];
  for (let i = 0, j = 0; i < expected.length || j < actual.length;) {
    if (i < expected.length && j < actual.length && expected[i] === actual[j]) {
      result.push(`  ${expected[i++]}`);
      j++;
    } else if (i < expected.length && (j === actual.length || common[i + 1][j] >= common[i][j + 1])) {
      result.push(`- ${expected[i++]}`);
    } else {
      result.push(`+ ${actual[j++]}`);
    }
  }
  return result.join('\n');
}

/**
 * Runs a program on the built-in module and on ours and compares what was seen.
 *
 * @param {object} program from `readProgram`
 * @param {object} options
 * @param {string} options.node path of the Node binary
 * @param {boolean} [options.itself] compare the built-in module with itself instead, to see whether the program is fit
 * @returns {Promise<{same: boolean, text: string}>} `text` shows the difference (`-` expected, `+` ours), or
 *   what both have printed
 */
async function compare(program, { node, itself = false }) {
  let expected;
  if (program.ours && !itself) {
    expected = [...program.ours, 'exit: code 0', 'processes left: 0', 'files left: none'];
    if (program.compare === 'sorted') expected = [...expected.slice(0, -3).sort(), ...expected.slice(-3)];
  } else {
    expected = describe(program, await run(program, { node, ours: false }));
  }
  const actual = describe(program, await run(program, { node, ours: !itself }));
  const ended = !expected.some((line) => line.startsWith('exit: timed out'));
  const same = ended && expected.length === actual.length && expected.every((line, index) => line === actual[index]);
  return { same, text: same ? expected.join('\n') : difference(expected, actual) };
}

module.exports = { compare, difference };
