'use strict';

// With sticky scheduling by something that the server itself gives out (a cookie, an id in a URL), a session is begun
// by a request without it, so by any worker, and what is given out then is known there and nowhere else. This tells
// the primary of it, so that the client comes back.

const diagnostics = require('node:diagnostics_channel');
const { Buffer, Reflect, RegExp, String, Uint8Array } = require('../primordials.js');

// An id is at the start of an answer, if it is in it.
const LOOKED_AT = 1024;

const escaped = (name) => name.replace(/[^\w]/g, '\\$&');

/** Calls `claim` with the cookie `name` that a response sets. */
function watchHead(response, name, claim) {
  const pattern = new RegExp(`^set-cookie: *${escaped(name)}=([^;\r]+)`, 'gim');
  const { writeHead } = response;
  response.writeHead = function () {
    const result = Reflect.apply(writeHead, this, arguments);
    // The head as it will be sent, wherever its lines come from.
    for (const [, value] of String(response._header).matchAll(pattern)) claim(value.trim());
    return result;
  };
}

/** Calls `claim` with the id that the first part of a response's body has as `"name":"…"`. */
function watchBody(response, name, claim) {
  const pattern = new RegExp(`"${escaped(name)}"\\s*:\\s*"([^"\\\\]+)"`);
  const { end, write } = response;
  let isFirst = true;
  const look = (chunk) => {
    if (!isFirst || (typeof chunk !== 'string' && !(chunk instanceof Uint8Array))) return;
    isFirst = false;
    const found = pattern.exec(Buffer.from(chunk.slice(0, LOOKED_AT)).toString('latin1'));
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
  if (kind === 'cookie') {
    diagnostics.subscribe('http.server.request.start', ({ response }) => watchHead(response, name, claim));
  } else if (kind === 'query') {
    diagnostics.subscribe('http.server.request.start', ({ request, response }) => {
      const query = request.url.split('?')[1] ?? '';
      if (!query.split('&').some((pair) => pair.startsWith(`${name}=`))) watchBody(response, name, claim);
    });
  }
}

module.exports = { claimSessions };
