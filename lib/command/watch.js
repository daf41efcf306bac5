'use strict';

// `--watch`: a change of a file that the program has loaded reloads it. Node tells which those are when the variable
// WATCH_REPORT_DEPENDENCIES is set, as it is under `node --watch`: by messages of each process to its parent.

const fs = require('node:fs');
const path = require('node:path');
const { fileURLToPath } = require('node:url');

const VARIABLES = { WATCH_REPORT_DEPENDENCIES: '1' };

// For how long nothing more must change, in milliseconds: editors and compilers write more than one file.
const QUIET = 200;

class Watch {
  #changed;
  #files = new Set();
  #folders = new Map();
  #timer;

  /** @param {(file: string) => void} changed called after changes, with the last file */
  constructor(changed) {
    this.#changed = changed;
  }

  /** Watches what a worker loads. */
  follow(worker) {
    worker.on('message', (message) => {
      for (const name of message?.['watch:require'] ?? message?.['watch:import'] ?? []) this.#add(name);
    });
  }

  /** @param {string} name a path, a URL, or a module that is no file */
  #add(name) {
    const file = name.startsWith('file:') ? fileURLToPath(name) : name;
    if (this.#files.has(file) || !path.isAbsolute(file)) return;
    this.#files.add(file);
    const folder = path.dirname(file);
    if (this.#folders.has(folder)) return;
    // Of a folder, and not of the file: many editors put another file in its place.
    const watcher = fs.watch(folder, { persistent: false }, (_, name) => this.#hear(path.join(folder, name ?? '')));
    watcher.on('error', () => this.#folders.delete(folder)); // It has been removed.
    this.#folders.set(folder, watcher);
  }

  #hear(file) {
    if (!this.#files.has(file)) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#changed, QUIET, file);
  }
}

module.exports = { VARIABLES, Watch };
