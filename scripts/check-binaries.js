'use strict';

// Fails if a binary in native/ is for another machine than its name says, or asks for more than every system that it is
// for has: a newer glibc or another C library, other libraries, or functions of Node-API that Node 20 lacks.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { symbols } = require('node-api-headers');

const folder = path.join(__dirname, '..', 'native');

/** What Node 20's own builds need. */
const NEWEST_GLIBC = '2.28';

/** What Node 20 has of Node-API. */
const nodeApi = new Set([...symbols.v9.js_native_api_symbols, ...symbols.v9.node_api_symbols]);

const machines = { x64: 'X86-64', arm64: 'AArch64' };

const libraries = {
  gnu: /^(lib(c|m|dl|pthread|rt|gcc_s)\.so\.\d|ld-linux-.*)$/,
  musl: /^libc(\.musl-\w+)?\.so(\.1)?$/,
};

const compare = (a, b) => a.localeCompare(b, 'en', { numeric: true });

function readElf(file) {
  const options = ['--wide', '--file-header', '--dynamic', '--dyn-syms', '--version-info', file];
  const { status, stdout, stderr, error } = spawnSync('readelf', options, { encoding: 'utf8', maxBuffer: Infinity });
  if (error !== undefined) throw new Error('readelf was not found; install binutils');
  if (status !== 0 || stderr !== '') throw new Error(`${file}: ${stderr}`);
  const all = (pattern) => [...new Set(Array.from(stdout.matchAll(pattern), (match) => match[1]))];
  return {
    machine: /Machine: +(.*)/.exec(stdout)[1],
    needed: all(/\(NEEDED\).*\[(.*)\]/g),
    glibc: all(/Name: GLIBC_(\d+(?:\.\d+)+)/g).sort(compare),
    nodeApi: all(/ UND (napi_\w+|node_api_\w+)/g),
  };
}

/** What is wrong with a binary, a line each. */
function problemsOf(file) {
  const [, arch, libc] = /linux-(\w+)-(gnu|musl)/.exec(path.basename(file));
  const elf = readElf(file);
  const problems = [];
  if (!elf.machine.includes(machines[arch])) problems.push(`is for ${elf.machine}`);
  const others = elf.needed.filter((name) => !libraries[libc].test(name));
  if (others.length > 0) problems.push(`needs ${others.join(', ')}`);
  const newest = elf.glibc.at(-1);
  if (libc === 'musl' && newest !== undefined) problems.push(`needs glibc ${newest}`);
  if (libc === 'gnu' && newest === undefined) problems.push('needs no version of glibc');
  if (libc === 'gnu' && newest !== undefined && compare(newest, NEWEST_GLIBC) > 0) {
    problems.push(`needs glibc ${newest}; ${NEWEST_GLIBC} is the newest allowed`);
  }
  if (elf.nodeApi.length === 0) problems.push('uses no Node-API');
  const unknown = elf.nodeApi.filter((name) => !nodeApi.has(name));
  if (unknown.length > 0) problems.push(`uses what Node 20 has not: ${unknown.join(', ')}`);
  const facts = [elf.machine, newest === undefined ? 'no glibc' : `glibc ${newest}`, ...elf.needed];
  if (problems.length === 0) console.log(`${path.basename(file)}: ${facts.join(', ')}`);
  return problems;
}

const files = fs.readdirSync(folder).filter((name) => name.endsWith('.node'));
if (files.length === 0) throw new Error(`there is no binary in ${folder}`);
for (const name of files) {
  for (const problem of problemsOf(path.join(folder, name))) {
    console.error(`${name} ${problem}`);
    process.exitCode = 1;
  }
}
