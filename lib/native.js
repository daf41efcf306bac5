'use strict';

// The addon, or the reason why it can't serve here.

const path = require('node:path');
const { Error } = require('./primordials.js');
const { isBundled } = require('./copies.js');
const { builtBinary, ownPlatform, packageOf, platforms, published } = require('./platform.js');

// Node marks what other threads must not do. `node:worker_threads` would say the same, but is a large module to load.
const isMainThread = !process.abort.disabled;

/** What a module exports, if there is one; throws if it can't be loaded. */
function requireIfThere(name) {
  try {
    return require(name);
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error;
    return undefined;
  }
}

/** The binary that a package has for this version. */
function requirePackage(platform) {
  const name = packageOf(platform);
  const binding = requireIfThere(name);
  if (binding === undefined) return undefined;
  const found = require(`${name}/package.json`).version;
  const { version } = require('../package.json');
  if (found !== version)
    throw new Error(`${name} is of version ${found}, and ${version} is needed; ${remedy(platform)}`);
  return binding;
}

/** How to get the binary for a platform. */
function remedy(platform) {
  const { version } = require('../package.json');
  const build = `"node ${path.join(__dirname, '..', 'scripts', 'build-from-source.js')}" builds it`;
  if (!published.includes(platform)) return build;
  const install = `npm install --include=optional --save-optional ${packageOf(platform)}@${version}`;
  return `"${install}" adds it, and ${build}`;
}

function loadBinary() {
  const problems = {};
  for (const platform of platforms) {
    try {
      // What has been built here goes first.
      const binding = requireIfThere(builtBinary(platform)) ?? requirePackage(platform);
      if (binding !== undefined) return { binding };
    } catch (error) {
      // It may be for the other C library.
      problems[platform] = error.message.split('\n')[0];
    }
  }
  const own = ownPlatform();
  if (problems[own] !== undefined) return { reason: `its binary can't be loaded: ${problems[own]}` };
  if (!published.includes(own)) return { reason: `there is no package with a binary for ${own}; ${remedy(own)}` };
  const why = 'as after --omit=optional, or with a lock file from another platform';
  return { reason: `its package ${packageOf(own)} is not installed, ${why}; ${remedy(own)}` };
}

function load() {
  if (process.platform !== 'linux') {
    return { reason: `it needs Linux, and this is ${process.platform}` };
  }
  if (!isMainThread) {
    return { reason: 'it serves the main thread of a process only' };
  }
  if (isBundled) {
    return { reason: 'it has been bundled with the program: mark cluster-rs as external' };
  }
  try {
    const loaded = loadBinary();
    const reason = loaded.binding?.unsupported();
    return reason ? { reason } : loaded;
  } catch (error) {
    return { reason: `its binary can't be loaded: ${error.message.split('\n')[0]}` };
  }
}

/**
 * `isMainThread` is as in `node:worker_threads`.
 * `binding` is the addon (`native/binding.d.ts` describes it), or `undefined` where `reason` says why there is none.
 * @type {{ isMainThread: boolean, binding?: object, reason?: string }}
 */
module.exports = { isMainThread, ...load() };
