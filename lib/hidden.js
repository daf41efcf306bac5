'use strict';

const { Object } = require('./primordials.js');

/**
 * Adds properties to an object of Node's that do not show where a program lists those that Node has.
 * @param {object} object
 * @param {object} properties
 */
function addHidden(object, properties) {
  for (const [name, value] of Object.entries(properties)) {
    Object.defineProperty(object, name, { value, configurable: true, writable: true });
  }
}

module.exports = { addHidden };
