'use strict';

// Questions with answers between a primary and its workers, on top of messages: the program's, and with a topic our own.

const { Error, Map, Object, Promise, String, WeakMap, arrays, clearTimeout, setTimeout } = require('../primordials.js');
const errors = require('../errors.js');

// Messages with a command that starts with NODE_ are not the program's: it does not see them among its own.
const REQUEST = 'NODE_CLUSTER_RS_REQUEST';
const RESPONSE = 'NODE_CLUSTER_RS_RESPONSE';

// What we ask ourselves: how a worker is, what its program has counted, and that it takes SIGUSR1.
const [HEALTH, METRICS, OWN_SIGNAL] = ['health', 'metrics', 'sigusr1'];

// How long a request waits for a program that is still loading, in milliseconds.
const PATIENCE = 5000;

// What the code of an error can be, for the other side to get it.
const CODES = ['string', 'number'];

const pendingOf = new WeakMap(); // by worker: what has not been answered, by number
const ownHandlers = new Map(); // by topic
let handler;
let handlerIsThere; // or will not be
let tellHandlerIsThere;
let last = 0;

/** Waits for the handler for as long as the program may take to load, from the first request on. */
function waitForHandler() {
  handlerIsThere ??= new Promise((resolve) => {
    tellHandlerIsThere = resolve;
    setTimeout(resolve, PATIENCE).unref();
  });
  return handlerIsThere;
}

/**
 * `cluster.onRequest`: `listener(message, worker)` gives the answer, or a promise of it, to what the other side asks
 * with `worker.request`.
 */
function onRequest(listener) {
  if (typeof listener !== 'function') throw errors.invalidArgument('handler', 'of type function', listener);
  handler = listener;
  tellHandlerIsThere?.();
}

/** `worker.request`: resolves with the answer, rejects with the handler's error or one of {@link errors}. */
async function request(message, options = {}) {
  if (options === null || typeof options !== 'object')
    throw errors.invalidArgument('options', 'of type object', options);
  const { timeout } = options;
  if (timeout !== undefined && !(timeout > 0 && timeout < 2 ** 31))
    throw errors.outOfRange('options.timeout', 'a number of milliseconds > 0 && < 2147483648', timeout);
  return send(this, { message }, timeout);
}

/**
 * Asks the other side something of our own.
 * @param {import('../worker_class.js').Worker} worker
 * @param {string} topic what {@link answerOwn} has named there
 * @param {any} message
 * @param {number} [timeout] in milliseconds
 * @returns {Promise<any>} the answer; rejected as by {@link request}
 */
const ask = (worker, topic, message, timeout) => send(worker, { topic, message }, timeout);

/** Has `listener(message, worker)` answer what the other side asks with {@link ask}. */
const answerOwn = (topic, listener) => ownHandlers.set(topic, listener);

function send(worker, asked, timeout) {
  const id = ++last;
  const fail = (error) => settle(worker, id, { error });
  worker.process.send({ cmd: REQUEST, id, ...asked }, (error) => error && fail(error));
  return new Promise((resolve, reject) => {
    const timer = timeout && setTimeout(() => fail(errors.noAnswer(timeout)), timeout);
    if (!pendingOf.has(worker)) pendingOf.set(worker, new Map());
    pendingOf.get(worker).set(id, { resolve, reject, timer });
  });
}

function settle(worker, id, { result, error }) {
  const asked = pendingOf.get(worker)?.get(id);
  if (asked === undefined) return; // It came too late.
  pendingOf.get(worker).delete(id);
  clearTimeout(asked.timer);
  if (error) asked.reject(error);
  else asked.resolve(result);
}

/** An error as the other side gets it. Whatever was thrown, this throws nothing, and gives what can be sent. */
function toPlain(error) {
  try {
    if (!(error instanceof Error)) return { message: String(error) };
    const { name, message, code } = error;
    return { name: `${name}`, message: `${message}`, code: arrays.includes(CODES, typeof code) ? code : undefined };
  } catch {
    return { message: 'The handler has thrown something that has no message' };
  }
}

function toError({ name, message, code }) {
  const error = new Error(typeof message === 'string' ? message : undefined);
  if (name !== undefined) Object.defineProperty(error, 'name', { value: name, configurable: true, writable: true });
  if (code !== undefined) error.code = code;
  return error;
}

/** Who answers: the program, which may still be loading, or we. */
async function handlerOf(topic) {
  if (topic !== undefined) return ownHandlers.get(topic);
  if (!handler) await waitForHandler();
  return handler;
}

async function answer(worker, { id, message, topic }) {
  const respond = (response) => {
    // Who has asked knows that the channel is closed.
    if (worker.process.connected) worker.process.send({ cmd: RESPONSE, id, ...response }, () => {});
  };
  try {
    const listener = await handlerOf(topic);
    if (!listener) throw errors.noHandler();
    respond({ result: await listener(message, worker) });
  } catch (error) {
    respond({ error: toPlain(error) });
  }
}

/** Takes a message that is not the program's, and may be a request to `worker` or its response. */
function receive(worker, message) {
  if (message.cmd === REQUEST) answer(worker, message);
  if (message.cmd === RESPONSE) {
    settle(worker, message.id, { result: message.result, error: message.error && toError(message.error) });
  }
}

/** Rejects what was asked of a worker that has left. */
function rejectAll(worker) {
  for (const id of pendingOf.get(worker)?.keys() ?? []) settle(worker, id, { error: errors.workerGone(worker.id) });
}

module.exports = { HEALTH, METRICS, OWN_SIGNAL, answerOwn, ask, onRequest, request, receive, rejectAll };
