'use strict';

// Compiled, never run: a program in JavaScript that is checked (`checkJs`).

const cluster = require('cluster-rs');
const { fork, isPrimary } = require('cluster-rs');
require('cluster-rs/register');

/** @type {import('cluster-rs').Worker} */
const worker = isPrimary ? fork() : cluster.fork();
/** @type {boolean} */
const native = cluster.native;

// @ts-expect-error: what the module does not have is still an error.
cluster.nothing();

module.exports = { native, worker };
