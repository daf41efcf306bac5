'use strict';

const fs = require('node:fs');
const path = require('node:path');

const folder = path.join(__dirname, 'programs');

/**
 * Reads what the comment lines at the head of a program say about it: `// name: value`.
 *
 * compare: `ordered` (the default) or `sorted`, for programs whose processes print side by side
 * node: `>=22`, the oldest Node release that has what the program is about
 * as: how it is started: `register` (the default), `import`, `options` (ours through NODE_OPTIONS, which processes that the
 *   program starts by itself have, too), `stdin`, `eval` or `test`
 * flags, args: arguments before and after the program's name, split at spaces; `--permission`
 *   and `--allow-net` can be given for each release
 * env: `NAME=value`, may be repeated
 * stderr: `ignore` when it is not to be compared
 * timeout: seconds; DIFFERENTIAL_SECONDS, or 20, unless told
 * ours: a line that our module is expected to print; given where it is deliberately better than the built-in one,
 *   and then compared with these lines alone
 *
 * @param {string} file absolute path of the program
 * @returns {object} the program, ready for `run`
 */
function readProgram(file) {
  const program = {
    name: path.basename(file),
    file,
    compare: 'ordered',
    as: 'register',
    oldest: 0,
    flags: [],
    args: [],
    env: {},
    stderr: 'compare',
    timeout: Number(process.env.DIFFERENTIAL_SECONDS ?? 20),
    ours: null,
  };
  for (const line of fs.readFileSync(file, 'utf8').split('\n')) {
    if (!line.startsWith('//')) break;
    const [, name, value] = /^\/\/ ([a-z]+):(?: (.*))?$/.exec(line) ?? [];
    if (name === 'compare' || name === 'as' || name === 'stderr') program[name] = value;
    else if (name === 'node') program.oldest = Number(/^>=(\d+)$/.exec(value)[1]);
    else if (name === 'flags' || name === 'args') program[name] = value.split(' ');
    else if (name === 'env') program.env[value.split('=', 1)[0]] = value.slice(value.indexOf('=') + 1);
    else if (name === 'timeout') program.timeout = Number(value);
    else if (name === 'ours') (program.ours ??= []).push(value ?? '');
  }
  return program;
}

/**
 * Lists the programs of the corpus in the order of their names.
 *
 * @param {string[]} [filters] keep those whose file name contains one of these; all of them without
 * @returns {object[]} what `readProgram` gives for each
 */
function listPrograms(filters = []) {
  return fs
    .readdirSync(folder)
    .filter((name) => /\.(js|cjs|mjs)$/.test(name))
    .filter((name) => filters.length === 0 || filters.some((part) => name.includes(part)))
    .sort()
    .map((name) => readProgram(path.join(folder, name)));
}

module.exports = { listPrograms, readProgram };
