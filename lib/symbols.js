'use strict';

const { Object, descriptionOf } = require('./primordials.js');

/**
 * A symbol that Node keeps a property of `object` under without showing it: own or inherited, found by description.
 * @param {object} object
 * @param {string} description
 * @returns {symbol | undefined}
 */
function findSymbol(object, description) {
  for (let at = object; at != null; at = Object.getPrototypeOf(at)) {
    for (const symbol of Object.getOwnPropertySymbols(at)) {
      if (descriptionOf(symbol) === description) return symbol;
    }
  }
  return undefined;
}

module.exports = { findSymbol };
