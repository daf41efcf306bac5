'use strict';

// How connections are dispatched: the policies by their names, and the settings of `setupPrimary({ scheduling })`.

const { Object, arrays, isInteger, regexps, strings } = require('../primordials.js');
const { LONGEST_DELAY } = require('../clock.js');
const errors = require('../errors.js');

// The first two are Node's. By the names that NODE_CLUSTER_SCHED_POLICY has for them.
const POLICIES = { none: 1, rr: 2, least: 3, sticky: 4 };

const SETTINGS = ['policy', 'key', 'maxUnidentified', 'takeBackAfter', 'maxWait', 'rebalance', 'spreadDatagrams'];
const BY_ADDRESS = 'ip';
const KEYS = ['ip', 'header:NAME', 'cookie:NAME', 'query:NAME'];
const VALUES = [...Object.keys(POLICIES), ...KEYS.map((key) => `sticky:${key}`)];
const KEY = /^(?:ip|(?:header|cookie|query):.+)$/s;

const isKey = (text) => regexps.exec(KEY, text) !== null;

const mostUnidentified = 2 ** 20; // No process has more descriptors, unless root has raised fs.nr_open.

/** The name of a policy's number, or `undefined`. */
function nameOf(policy) {
  return arrays.find(Object.keys(POLICIES), (name) => POLICIES[name] === policy);
}

/**
 * Reads `rr`, `least`, `none`, `sticky`, or `sticky:` and what clients are recognised by.
 * @returns {{ policy: string, key?: string } | undefined}
 */
function parse(text) {
  const at = strings.indexOf(text, ':');
  const policy = at < 0 ? text : strings.slice(text, 0, at);
  const key = at < 0 ? undefined : strings.slice(text, at + 1);
  if (!Object.hasOwn(POLICIES, policy)) return undefined;
  if (key !== undefined && (policy !== 'sticky' || !isKey(key))) return undefined;
  return { policy, key };
}

/**
 * What the environment says. A value that means nothing counts as none, as in Node.
 * @throws {TypeError} for one that is meant for this module, and wrong
 */
function fromEnvironment() {
  const text = process.env.NODE_CLUSTER_SCHED_POLICY ?? '';
  const found = parse(text);
  if (!found && regexps.exec(/^(?:least|sticky)/, text) !== null)
    throw errors.notOneOf('NODE_CLUSTER_SCHED_POLICY', VALUES, text);
  return found ?? {};
}

/** Whether the environment wants kept-alive connections to be rebalanced; `undefined` if it says nothing of that. */
function rebalanceFromEnvironment() {
  return { 0: false, 1: true }[process.env.CLUSTER_RS_REBALANCE];
}

/**
 * Checks `settings.scheduling`.
 * @throws {TypeError | RangeError} Node's own kinds, which name the setting and say what is right
 */
function check(scheduling) {
  if (scheduling === undefined) return;
  if (scheduling === null || typeof scheduling !== 'object') {
    throw errors.invalidArgument('settings.scheduling', 'of type object', scheduling);
  }
  for (const name of Object.keys(scheduling)) {
    if (!arrays.includes(SETTINGS, name)) throw errors.unknownProperty(`scheduling.${name}`, SETTINGS);
  }
  const { policy, key, maxUnidentified, takeBackAfter, maxWait, rebalance, spreadDatagrams } = scheduling;
  if (policy !== undefined && !Object.hasOwn(POLICIES, policy)) {
    throw errors.notOneOf('scheduling.policy', Object.keys(POLICIES), policy);
  }
  if (key !== undefined && !(typeof key === 'string' && isKey(key))) {
    throw errors.notOneOf('scheduling.key', KEYS, key);
  }
  if (
    takeBackAfter !== undefined &&
    !(isInteger(takeBackAfter) && takeBackAfter >= 1 && takeBackAfter <= LONGEST_DELAY)
  ) {
    throw errors.outOfRange('scheduling.takeBackAfter', 'a whole number of milliseconds >= 1', takeBackAfter);
  }
  if (maxWait !== undefined && !(isInteger(maxWait) && maxWait >= 0 && maxWait <= LONGEST_DELAY)) {
    throw errors.outOfRange('scheduling.maxWait', 'a whole number of milliseconds >= 0', maxWait);
  }
  const isUsable = isInteger(maxUnidentified) && maxUnidentified >= 1 && maxUnidentified <= mostUnidentified;
  if (maxUnidentified !== undefined && !isUsable) {
    throw errors.outOfRange('scheduling.maxUnidentified', `>= 1 && <= ${mostUnidentified}`, maxUnidentified);
  }
  if (rebalance !== undefined && typeof rebalance !== 'boolean') {
    throw errors.invalidArgument('settings.scheduling.rebalance', 'of type boolean', rebalance);
  }
  if (spreadDatagrams !== undefined && typeof spreadDatagrams !== 'boolean') {
    throw errors.invalidArgument('settings.scheduling.spreadDatagrams', 'of type boolean', spreadDatagrams);
  }
}

module.exports = { BY_ADDRESS, KEYS, POLICIES, check, fromEnvironment, nameOf, parse, rebalanceFromEnvironment };
