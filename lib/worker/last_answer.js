'use strict';

// The last answer on a connection of HTTP/1: it says `Connection: close`, whatever the program wants it to say.

const { Array, Boolean, Object, Reflect, arrays, regexps } = require('../primordials.js');

const NAMES = /^(?:connection|keep-alive)$/i;
const isOther = (name) => regexps.exec(NAMES, name) === null;

/** What a program has given to `writeHead`, in the form that it has chosen, with the connection closed. */
function withClose(headers = {}) {
  if (!Array.isArray(headers)) {
    const others = arrays.filter(Object.entries(headers), ([name]) => isOther(name));
    return { ...Object.fromEntries(others), Connection: 'close' };
  }
  if (Array.isArray(headers[0])) return [...arrays.filter(headers, ([name]) => isOther(name)), ['Connection', 'close']];
  // Names and values in turn.
  return [...arrays.filter(headers, (_, i) => isOther(headers[i - (i % 2)])), 'Connection', 'close'];
}

/** Whether the client has sent another request by now: only the answer to its last one may close the connection. */
function isOvertaken({ req }) {
  const latest = req.socket?.parser?.incoming;
  return Boolean(latest) && latest !== req;
}

/**
 * Has the connection end with an answer. It stays open where the head has been sent already.
 * @param {import('node:http').ServerResponse} response
 */
function makeLast(response) {
  const { writeHead } = response;
  response.writeHead = function (status, reason, headers) {
    // What is not final is followed by the answer itself, or by another protocol.
    if (status < 200 || isOvertaken(response)) return Reflect.apply(writeHead, this, arguments);
    if (!this.headersSent) this.removeHeader('Keep-Alive');
    const isMessage = typeof reason === 'string';
    const given = withClose((isMessage ? headers : (headers ?? reason)) ?? undefined);
    return Reflect.apply(writeHead, this, isMessage ? [status, reason, given] : [status, given]);
  };
}

module.exports = { makeLast };
