'use strict';

// With sticky scheduling by something that the server itself gives out (a cookie, an id in a URL), a session is begun
// by a request without it, so by any worker, and what is given out then is known there and nowhere else. This tells
// the primary of it, so that the client comes back.

const diagnostics = require('node:diagnostics_channel');
const { Buffer, Reflect, RegExp, String, Uint8Array, arrays, buffers, regexps, strings } = require('../primordials.js');

// An id is at the start of an answer, if it is in it.
const LOOKED_AT = 1024;

const escaped = (name) => name.replace(/[^\w]/g, '\\$&');

/** The start of what is written, a character for each byte. */
function startOf(chunk) {
  const bytes =
    typeof chunk === 'string' ? Buffer.from(strings.slice(chunk, 0, LOOKED_AT)) : buffers.subarray(chunk, 0, LOOKED_AT);
  return buffers.toString(bytes, 'latin1');
}

/** Calls `claim` with the cookie that a response sets; `name` is that of the cookie, as in a pattern. */
function watchHead(response, name, claim) {
  const pattern = new RegExp(`^set-cookie: *${name}=([^;\r]+)`, 'gim');
  const { writeHead } = response;
  response.writeHead = function () {
    const result = Reflect.apply(writeHead, this, arguments);
    // The head as it will be sent, wherever its lines come from.
    const head = String(response._header);
    for (let found; (found = regexps.exec(pattern, head)) !== null;) claim(strings.trim(found[1]));
    return result;
  };
}

/** Calls `claim` with the id that the first part of a response's body has as `"name":"…"`. */
function watchBody(response, name, claim) {
  const pattern = new RegExp(`"${name}"\\s*:\\s*"([^"\\\\]+)"`);
  const { end, write } = response;
  let isFirst = true;
  const look = (chunk) => {
    if (!isFirst || (typeof chunk !== 'string' && !(chunk instanceof Uint8Array))) return;
    isFirst = false;
    const found = regexps.exec(pattern, startOf(chunk));
    if (found) claim(found[1]);
  };
  response.write = function (chunk) {
    look(chunk);
    return Reflect.apply(write, this, arguments);
  };
  response.end = function (chunk) {
    look(chunk);
    return Reflect.apply(end, this, arguments);
  };
}

/**
 * Has what this worker's HTTP servers give out claimed for it.
 * @param {string} key what clients are recognised by: `cookie:NAME`, `query:NAME`, or something that servers do not give out
 * @param {(value: string) => void} claim
 */
function claimSessions(key, claim) {
  const [kind, name] = key.split(/:(.*)/s);
  const pattern = name && escaped(name);
  if (kind === 'cookie') {
    diagnostics.subscribe('http.server.request.start', ({ response }) => watchHead(response, pattern, claim));
  } else if (kind === 'query') {
    diagnostics.subscribe('http.server.request.start', ({ request, response }) => {
      const query = strings.split(request.url, '?')[1] ?? '';
      if (!arrays.some(strings.split(query, '&'), (pair) => strings.startsWith(pair, `${name}=`)))
        watchBody(response, pattern, claim);
    });
  }
}

module.exports = { claimSessions };
