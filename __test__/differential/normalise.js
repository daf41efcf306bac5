'use strict';

const { pathToFileURL } = require('node:url');

function replaceAll(text, pairs) {
  return pairs.reduce((result, [from, to]) => result.replaceAll(from, to), text);
}

/**
 * Replaces in the output of a program what differs from run to run and says nothing about its behaviour:
 * paths, Node's version, process ids, ports, the inspector's addresses and stack traces.
 *
 * @param {string} text what the program has printed
 * @param {object} about `program`, `directory`, `node`, `root` (paths) and `version` of the run
 * @returns {string} the text with placeholders such as `<directory>`
 */
function normalise(text, { program, directory, node, root, version }) {
  return replaceAll(text, [
    [pathToFileURL(program).href, '<program>'],
    [program, '<program>'],
    [directory, '<directory>'],
    [node, '<node>'],
    [root, '<root>'],
    [version, '<version>'],
  ])
    .replace(/^(?:node:|<program>|<root>|file:|\/)\S*:\d+\n(?:(?!\s*\^+$).*\n){0,4}?\s*\^+\n/gm, '<source>\n')
    .replace(/(?:^\s+(?:at |\[\.\.\. lines matching ).*(?:\n|$))+/gm, '    at <stack>\n')
    .replace(/\(node:\d+\)/g, '(node:<pid>)')
    .replace(/\bpid(['"]?[ :=]+)\d+/gi, 'pid$1<pid>')
    .replace(/((?:127\.0\.0\.1|0\.0\.0\.0|localhost|::1?\]?|\*)):\d{4,5}\b/g, '$1:<port>')
    .replace(/\bport(['"]?[ :=]+)\d{4,5}\b/gi, 'port$1<port>')
    .replace(/duration_ms(:?) [\d.]+/g, 'duration_ms$1 <time>')
    .replace(/ws:\/\/\S+/g, 'ws://<inspector>');
}

module.exports = { normalise };
