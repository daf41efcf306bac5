'use strict';

// What a worker still does when all its clients have their answers: a mail, a row for the audit. Nothing tells it from
// what lasts, as pools, pollers and timers of metrics do, but that those were there before the first client came.

const { Map, Reflect, arrays } = require('../primordials.js');
const { activeHandles } = require('../handles.js');
const { Progress } = require('../progress.js');
const { finishing } = require('../sharing/finishing.js');

const { getActiveResourcesInfo } = process;

// What the kinds of handles are called that the standard output and error can have.
const KINDS = { __proto__: null, Pipe: 'PipeWrap', TCP: 'TCPSocketWrap', TTY: 'TTYWrap' };

/** How many resources of each kind keep this process alive. */
function census() {
  const counts = new Map();
  const add = (kind, count) => counts.set(kind, (counts.get(kind) ?? 0) + count);
  for (const kind of Reflect.apply(getActiveResourcesInfo, process, [])) add(kind, 1);
  for (const output of activeHandles().outputs) add(KINDS[output._handle?.constructor.name], -1);
  return counts;
}

class LateWork {
  #channel;
  #lasting;
  #traffic = new Map(); // the progress of each connection to somebody else

  /** @param {object} [channel] that to the primary, where it is one of Node's handles */
  constructor(channel) {
    this.#channel = channel;
  }

  /** Whether it is known what lasts. */
  get isNoted() {
    return this.#lasting !== undefined;
  }

  /**
   * Takes all that is there now for what lasts.
   * @param {number} ownTimers how many of the timers are not the program's
   */
  note(ownTimers) {
    this.#lasting = census();
    this.#lasting.set('Timeout', (this.#lasting.get('Timeout') ?? 0) - ownTimers);
  }

  /** Whether something goes on that was begun for a client, as far as can be seen. None of the timers must be our own. */
  get isGoingOn() {
    if (finishing.size > 0) return true;
    if (!this.isNoted) return false;
    const isMore = ([kind, count]) => count > (this.#lasting.get(kind) ?? 0);
    return arrays.some([...census()], isMore) || this.#isHeard();
  }

  /** Whether something has gone over a connection lately: somebody may have been asked for something. */
  #isHeard() {
    const connections = arrays.filter(
      activeHandles().handles,
      (handle) => handle.bytesRead !== undefined && handle !== this.#channel,
    );
    return arrays.filter(connections, (connection) => this.#isBusy(connection)).length > 0; // All are looked at.
  }

  #isBusy(connection) {
    if (!this.#traffic.has(connection)) {
      this.#traffic.set(connection, new Progress(() => connection.bytesRead + connection.bytesWritten));
    }
    return this.#traffic.get(connection).goesOn;
  }
}

module.exports = { LateWork };
