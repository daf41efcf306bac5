'use strict';

// Fails if the binary asks for a newer glibc than Node 20's own builds do.

const fs = require('node:fs');
const path = require('node:path');
const { binary } = require('./platform.js');

const newestAllowed = '2.28';

const compare = (a, b) => a.localeCompare(b, 'en', { numeric: true });

// Every version of a symbol that the dynamic linker must find is named in the binary's string table.
const versions = fs.readFileSync(binary, 'latin1').matchAll(/GLIBC_(\d+(?:\.\d+)+)\0/g);
const needed = [...new Set(Array.from(versions, (match) => match[1]))].sort(compare);
const newest = needed.at(-1);

if (newest === undefined) throw new Error(`no glibc symbol version found in ${binary}`);
if (compare(newest, newestAllowed) > 0) {
  console.error(`${path.basename(binary)} needs glibc ${newest}; ${newestAllowed} is the newest allowed`);
  process.exitCode = 1;
} else {
  console.log(`${path.basename(binary)} needs glibc ${newest}; up to ${newestAllowed} is allowed`);
}
