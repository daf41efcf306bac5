'use strict';

// `--watch`: a change of a file that the program has loaded reloads it. Node tells which those are when the variable
// WATCH_REPORT_DEPENDENCIES is set, as it is under `node --watch`: by messages of each process to its parent.

const fs = require('node:fs');
const path = require('node:path');
const { fileURLToPath } = require('node:url');

const VARIABLES = { WATCH_REPORT_DEPENDENCIES: '1' };

// For how long nothing more must change, in milliseconds: editors and compilers write more than one file.
const QUIET = 200;

/** What tells a folder from another one that is in its place now: numbers are used again. `undefined` if there is none. */
function identityOf(folder) {
  const found = fs.statSync(folder, { throwIfNoEntry: false, bigint: true });
  return found && `${found.ino} ${found.birthtimeNs}`;
}

class Watch {
  #changed;
  #failed;
  #files = new Set();
  #folders = new Set();
  #timer;

  /**
   * @param {(file: string) => void} changed called after changes, with the last file or folder
   * @param {(error: Error) => void} failed called when a folder can't be watched
   */
  constructor(changed, failed) {
    this.#changed = changed;
    this.#failed = failed;
  }

  /** Watches what a worker loads. */
  follow(worker) {
    worker.on('message', (message) => {
      for (const name of message?.['watch:require'] ?? message?.['watch:import'] ?? []) this.#add(name);
    });
  }

  /** @param {string | null} name a path, a URL, or a module that is no file */
  #add(name) {
    if (name === null) return; // Node tells this of what has no file at all.
    const file = name.startsWith('file:') ? fileURLToPath(name) : name;
    if (!path.isAbsolute(file)) return;
    this.#files.add(file);
    const folder = path.dirname(file);
    if (this.#folders.has(folder)) return;
    this.#folders.add(folder);
    this.#watch(folder);
  }

  /** Watches a folder, and not the file: many editors put another file in its place. */
  #watch(folder) {
    try {
      const watched = identityOf(folder);
      const watcher = fs.watch(folder, { persistent: false }, (_, name) => {
        this.#hear(path.join(folder, name ?? ''));
        if (identityOf(folder) === watched) return;
        watcher.close();
        this.#await(folder);
      });
      watcher.on('error', () => {}); // It has been removed, which an event has told.
    } catch (error) {
      if (error.code === 'ENOENT') this.#await(folder);
      else this.#failed(error);
    }
  }

  /** Watches a folder that has been removed as soon as it is there again, as after a build. */
  #await(folder) {
    const timer = setInterval(() => {
      if (identityOf(folder) === undefined) return;
      clearInterval(timer);
      this.#watch(folder);
      this.#change(folder);
    }, QUIET).unref();
  }

  #hear(file) {
    if (this.#files.has(file)) this.#change(file);
  }

  #change(name) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#changed, QUIET, name);
  }
}

module.exports = { VARIABLES, Watch };
