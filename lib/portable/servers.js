'use strict';

// The servers of a worker of the portable layer, as its service knows them; see `Servers` in `lib/worker/servers.js`.

const diagnostics = require('node:diagnostics_channel');
const { Map, Set, arrays } = require('../primordials.js');
const { now } = require('../clock.js');
const { watchSessions } = require('../worker/http2_sessions.js');
const { stopAccepting } = require('../worker/servers.js');

class Servers {
  timers = 0; // None of them is for servers.
  #all = new Set();
  #restingSince = now();

  /** @param {(server: import('node:net').Server) => void} onlistening called when a server listens */
  constructor(onlistening) {
    diagnostics.subscribe('tracing:net.server.listen:asyncEnd', ({ server }) => {
      this.#all.add(server);
      server.once('close', () => this.#all.delete(server));
      watchSessions(server);
      onlistening(server);
    });
  }

  /** How many connections are open. */
  get open() {
    let sum = 0;
    for (const { _connections } of this.#all) sum += _connections;
    if (sum > 0) this.#restingSince = now();
    return sum;
  }

  /** For how many milliseconds no connection has been open, as far as has been seen. */
  get restingFor() {
    return this.open > 0 ? 0 : now() - this.#restingSince;
  }

  /** The primary has stopped sending connections; this is for servers that accept by themselves. */
  stopAccepting() {
    const servers = arrays.filter([...this.#all], ({ listening }) => listening);
    for (const { _handle: handle } of servers) {
      if (handle.fd >= 0) stopAccepting(handle);
    }
    return new Map(arrays.map(servers, (server) => [server, undefined]));
  }

  /** Datagram sockets are not known here. */
  stopReceiving() {}

  unrefAll() {
    for (const server of this.#all) server.unref();
  }

  /** Closes all servers. `done` is called when their connections have ended. */
  closeAll(done) {
    let open = 1;
    const closed = () => {
      if (--open === 0) done();
    };
    const servers = [...this.#all];
    open += servers.length;
    for (const server of servers) server.close(closed);
    closed();
  }
}

module.exports = { Servers };
