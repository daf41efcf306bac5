'use strict';

// The registries of prom-client, and of its successor `@prometheus-io/client`, that a program has made.

const { Module } = require('node:module');
const { Object, Reflect, RegExp, WeakRef, WeakSet, arrays, regexps } = require('../primordials.js');

// The file that makes them, as the client's own files ask for it; they are read by `require` also where a program imports them.
const REGISTRY = new RegExp('^\\./(lib/)?registry(\\.js)?$');
const CLIENT = new RegExp('[\\\\/](prom-client|@prometheus-io[\\\\/]client)[\\\\/]');

const classes = new WeakSet(); // those that are watched
const known = new WeakSet();
let registries = []; // weak references, in the order in which they got their first metric
let many = 64; // from how many on it is worth looking for those that have gone

/** Notes each registry when it gets a metric. */
function watch(Registry) {
  if (classes.has(Registry)) return;
  classes.add(Registry);
  const { registerMetric } = Registry.prototype;
  Registry.prototype.registerMetric = function (...given) {
    note(this);
    return Reflect.apply(registerMetric, this, given);
  };
}

function note(registry) {
  if (known.has(registry)) return;
  known.add(registry);
  // A program may make one for each answer.
  if (registries.length >= many) {
    registries = arrays.filter(registries, (reference) => reference.deref() !== undefined);
    many = 2 * registries.length + 64;
  }
  arrays.push(registries, new WeakRef(registry));
}

/** Looks out for the client, before the program loads it. */
function setUp() {
  const { require: load } = Module.prototype;
  Module.prototype.require = function (id) {
    const exports = Reflect.apply(load, this, [id]);
    if (isRegistry(id, this.filename) && typeof exports?.prototype?.registerMetric === 'function') watch(exports);
    return exports;
  };
}

const isRegistry = (id, from) => regexps.exec(REGISTRY, id) !== null && regexps.exec(CLIENT, `${from}`) !== null;

/**
 * The metrics of all registries, each once: a registry that is merged of others has the same.
 * @returns {{ registry: object, names: string[] }[]} by registry, and without those that the client has summed up itself
 */
function metrics() {
  const seen = new WeakSet();
  const found = [];
  for (const reference of registries) {
    const registry = reference.deref();
    if (!registry) continue;
    const own = arrays.filter(
      registry.getMetricsAsArray(),
      (metric) => !seen.has(metric) && !Object.hasOwn(metric, 'get'),
    );
    for (const metric of own) seen.add(metric);
    if (own.length > 0) arrays.push(found, { registry, names: arrays.map(own, ({ name }) => name) });
  }
  return found;
}

module.exports = { metrics, setUp };
