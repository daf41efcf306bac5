'use strict';

// Looks inside workers through Node's inspector.

const { Promise, Set, WeakSet, clearTimeout, promises, setTimeout } = require('../primordials.js');
const errors = require('../errors.js');
const { OWN_SIGNAL, answerOwn } = require('../channel/requests.js');

// While it can be read, see `lib/primary/index.js`. Elsewhere it is loaded when a worker is looked into.
if (process.permission) ['index', 'session', 'stack'].map((name) => require(`../inspector/${name}.js`));

// How long a worker that hangs is waited for, in milliseconds. Usually it takes a tenth of that.
const REPORT_WITHIN = 1000;

// How long a worker may take that does something else, in milliseconds.
const OPEN_WITHIN = 5000;

class Inspection {
  #ownSignal = new WeakSet(); // workers whose program takes SIGUSR1
  #inspected = new Set(); // by process id

  constructor() {
    answerOwn(OWN_SIGNAL, (_, worker) => this.#ownSignal.add(worker));
  }

  /**
   * Opens a worker's inspector until `close` is called.
   * @param {import('cluster').Worker} worker
   * @param {number} [patience] how long to wait for that, in milliseconds
   * @returns {Promise<{ url: string, close: (session?: import('../inspector/session.js').Session) => Promise<void> }>}
   */
  async open(worker, patience = OPEN_WITHIN) {
    const { id, process: child } = worker;
    const { pid } = child;
    if (process.platform !== 'linux') throw errors.notInspected(id, 'that takes Linux');
    if (this.#ownSignal.has(worker)) throw errors.notInspected(id, 'its program has a listener for SIGUSR1');
    if (this.#inspected.has(pid)) throw errors.notInspected(id, 'it is being inspected already');
    this.#inspected.add(pid);
    try {
      const { openInspector } = require('../inspector/index.js');
      const inspector = await openInspector(pid, patience);
      const close = async (session) => {
        await inspector.close(session);
        this.#inspected.delete(pid);
      };
      return { url: inspector.url, close };
    } catch (error) {
      this.#inspected.delete(pid);
      throw errors.notInspected(id, error.message);
    }
  }

  /**
   * Where a worker's JavaScript is. It does not take long, and does not fail.
   * @returns {Promise<{ stack?: object[], error?: Error }>}
   */
  async report(worker) {
    let timer;
    const error = errors.notInspected(worker.id, 'it is stopped, or blocked outside of JavaScript');
    const late = new Promise((_, reject) => (timer = setTimeout(reject, REPORT_WITHIN, error)));
    try {
      let stack;
      const taken = promises.then(this.#take(worker), (found) => (stack = found));
      await promises.race([taken, late]);
      return { stack };
    } catch (reason) {
      return { error: reason };
    } finally {
      clearTimeout(timer);
    }
  }

  async #take(worker) {
    const { url, close } = await this.open(worker, REPORT_WITHIN);
    let session;
    try {
      const { openSession } = require('../inspector/session.js');
      const { stackOf } = require('../inspector/stack.js');
      session = await openSession(url);
      return await stackOf(session);
    } catch (error) {
      throw errors.notInspected(worker.id, error.message);
    } finally {
      close(session); // Nobody waits for that. One that answers late is closed as well.
    }
  }
}

module.exports = { Inspection };
