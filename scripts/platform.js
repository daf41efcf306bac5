'use strict';

// The name under which the generated loader (native/binding.js) looks for the binary of this machine.

const path = require('node:path');

const usesGlibc = process.report.getReport().header.glibcVersionRuntime !== undefined;
const abi = (usesGlibc ? 'gnu' : 'musl') + (process.arch === 'arm' ? 'eabihf' : '');

module.exports = {
  usesGlibc,
  binary: path.join(__dirname, '..', 'native', `cluster-rs.${process.platform}-${process.arch}-${abi}.node`),
};
