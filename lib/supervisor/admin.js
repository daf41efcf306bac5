'use strict';

// What a supervisor tells of itself on the admin port. The dispatcher's thread answers there, also while this process is
// busy: so it is told beforehand.

const net = require('node:net');
const path = require('node:path');
const { Number, arrays, isInteger, regexps, strings } = require('../primordials.js');
const errors = require('../errors.js');
const { now } = require('../clock.js');
const { ApplicationMetrics } = require('./application_metrics.js');
const { askForFigures } = require('./process_figures.js');

const permission = process.permission && require('../permission.js');

const LOCAL = '127.0.0.1';
const HIGHEST_PORT = 65_535;

// After how long a worker in service whose loop does not turn is taken for hung, if no `hangTimeout` says so, in milliseconds.
const HANG_AFTER = 10_000;

const ADDRESS = /^(?:(\[[^\]]+\]|[^:[\]]+):)?(\d+)$/;

const isPort = (port) => isInteger(port) && port >= 0 && port <= HIGHEST_PORT;

/**
 * Reads where the admin port is to be: a port of 127.0.0.1, `HOST:PORT` with an IP address, or the path of a Unix socket.
 * @param {number | string} value
 * @returns {{ address: string, port?: number } | undefined} `undefined` if it is none of them
 */
function parseAddress(value) {
  if (typeof value === 'number') return isPort(value) ? { address: LOCAL, port: value } : undefined;
  if (strings.includes(value, '/')) return { address: path.resolve(value) };
  const [, host = LOCAL, digits] = regexps.exec(ADDRESS, value) ?? [];
  const address = host[0] === '[' ? strings.slice(host, 1, -1) : host;
  const port = Number(digits);
  return digits !== undefined && net.isIP(address) !== 0 && isPort(port) ? { address, port } : undefined;
}

class Admin {
  #native;
  #read;
  #reloadedFrom;

  /**
   * Opens the port.
   * @param {object} native the addon's `Primary`
   * @param {object} options of the supervisor
   * @param {() => object} read gives what is told: `members`, `size`, `min`, `max`, `wasReady`, `isStopping`, `hasGivenUp`
   * @throws {Error} of the system, such as `EADDRINUSE`
   */
  constructor(native, { admin, hangTimeout }, read) {
    this.#native = native;
    this.#read = read;
    askForFigures(); // The addon tells them.
    const { address, port } = parseAddress(admin);
    if (port === undefined) permission?.askForPath(address);
    else permission?.askForSocket(net.isIP(address), address, port, -1, 1);
    const metrics = new ApplicationMetrics(native, () => this.#started());
    const hangAfter = hangTimeout > 0 ? hangTimeout : HANG_AFTER;
    const { errno, name } = native.openAdmin(address, port, hangAfter, () => metrics.scrape());
    if (errno !== 0) throw errors.noAdmin(errno, address, port);
    /** Where it is: `127.0.0.1:9464`, or a path. */
    this.address = name;
  }

  #started() {
    const started = arrays.filter(this.#read().members, ({ state }) => state !== 'starting');
    return arrays.map(started, ({ worker }) => worker);
  }

  /** Tells what is so now. */
  tell() {
    const { members, ...others } = this.#read();
    const described = arrays.map(members, ({ condition, worker }) => ({
      id: worker.id,
      pid: worker.process.pid,
      state: condition,
    }));
    this.#native.tellAdmin({ ...others, members: described });
  }

  /** Called when a worker is ready, after so many milliseconds. */
  started(milliseconds) {
    this.#native.countStart(milliseconds / 1000);
  }

  /** Called with each event of the supervisor, before it is emitted. */
  hear(event, about) {
    if (event === 'death') this.#native.countRestart(about[2] === null ? 'exit' : 'signal');
    if (event === 'startFailed') this.#native.countRestart('start');
    if (event === 'replace') this.#native.countRestart(about[1]);
    if (event === 'scaled') this.#native.countScaling(about[0] < about[1] ? 'up' : 'down');
    if (event === 'reload' && about[0] === 0) this.#reloadedFrom = now();
    if (event === 'reloaded') this.#reloaded('done');
    if (event === 'reloadFailed') this.#reloaded('failed');
    this.tell();
  }

  #reloaded(result) {
    this.#native.countReload(result, (now() - (this.#reloadedFrom ?? now())) / 1000);
  }

  close() {
    this.#native.closeAdmin();
  }
}

module.exports = { Admin, parseAddress };
