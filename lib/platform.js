'use strict';

// The names of the binary for this machine: as a file in native/, where it has been built here, and as a package.

const path = require('node:path');

const eabi = process.arch === 'arm' ? 'eabihf' : '';

/** The platforms that this one may be; it depends on the C library, and most have the first. */
const platforms = [`linux-${process.arch}-gnu${eabi}`, `linux-${process.arch}-musl${eabi}`];

/** The platforms for which there is a package with a binary. */
const published = ['linux-x64-gnu', 'linux-arm64-gnu', 'linux-x64-musl', 'linux-arm64-musl'];

/** Whether this process runs on glibc. Node takes its time to tell. */
function usesGlibc() {
  return process.report.getReport().header.glibcVersionRuntime !== undefined;
}

/** The one of `platforms` that this is; takes as long. */
function ownPlatform() {
  return platforms[usesGlibc() ? 0 : 1];
}

/** The path of the binary that is built here for a platform. */
function builtBinary(platform) {
  return path.join(__dirname, '..', 'native', `cluster-rs.${platform}.node`);
}

/** The name of the package that has the binary for a platform. */
function packageOf(platform) {
  return `cluster-rs-${platform}`;
}

module.exports = { builtBinary, ownPlatform, packageOf, platforms, published, usesGlibc };
