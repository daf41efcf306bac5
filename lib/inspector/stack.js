'use strict';

const { fileURLToPath } = require('node:url');
const { Error, Map, Promise, arrays, strings } = require('../primordials.js');

// How many frames are of interest, the innermost first.
const MOST = 20;

function fileOf(url) {
  try {
    return strings.startsWith(url, 'file:') ? fileURLToPath(url) : url;
  } catch {
    return url;
  }
}

/**
 * Where the JavaScript of a process is now; it goes on after that.
 * @param {import('./session.js').Session} session
 * @returns {Promise<{ functionName: string, file: string, line: number, column: number }[]>} lines and columns from 1 on
 */
async function stackOf(session) {
  const urls = new Map(); // by script
  session.on('Debugger.scriptParsed', ({ scriptId, url }) => urls.set(scriptId, url));
  await session.send('Debugger.enable');
  const paused = new Promise((resolve, reject) => {
    session.once('Debugger.paused', resolve);
    session.once('close', () => reject(new Error('it has ended')));
  });
  session.send('Debugger.pause').catch(() => {}); // Who waits for the stack hears of it.
  const { callFrames } = await paused;
  return arrays.map(arrays.slice(callFrames, 0, MOST), ({ functionName, location }) => ({
    functionName,
    file: fileOf(urls.get(location.scriptId) ?? ''),
    line: location.lineNumber + 1,
    column: location.columnNumber + 1,
  }));
}

/** A frame, as stacks show it. */
function describeFrame({ column, file, functionName, line }) {
  const place = `${file}:${line}:${column}`;
  return functionName === '' ? place : `${functionName} (${place})`;
}

module.exports = { describeFrame, stackOf };
