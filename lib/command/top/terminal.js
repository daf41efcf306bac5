'use strict';

const EventEmitter = require('node:events');
const fs = require('node:fs');

// Another screen without a cursor, on which what is too wide, as some characters are, does not go on in the next line.
const [ENTER, LEAVE] = ['\x1b[?1049h\x1b[?25l\x1b[?7l', '\x1b[?7h\x1b[?25h\x1b[?1049l'];
const [HOME, CLEAR_LINE] = ['\x1b[H', '\x1b[K'];

// What ends this process, and what it can be told by a key in a terminal that passes all keys on.
const DEADLY = ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT'];
const [CTRL_C, CTRL_Z] = ['\x03', '\x1a'];
const SEVERAL = /\x1b(?:\[[0-?]*[ -/]*[@-~]|O.)/g; // eslint-disable-line no-control-regex

/**
 * The whole terminal, until `leave`: it is as it was after that, and after whatever else ends this process. Emits `key` with
 * what is pressed, and `change` when it is to be drawn again.
 */
class Terminal extends EventEmitter {
  #isEntered = false;
  #signals = new Map(DEADLY.map((signal) => [signal, () => this.#die(signal)]));

  enter() {
    process.on('exit', this.leave);
    process.on('SIGTSTP', this.#suspend);
    process.on('SIGCONT', this.#resume);
    for (const [signal, die] of this.#signals) process.on(signal, die);
    process.stdin.on('data', this.#hear).on('end', this.#gone).on('error', this.#gone);
    process.stdout.on('resize', this.#changed).on('error', this.#gone);
    this.#take();
  }

  /** Gives the terminal back. */
  leave = () => {
    process.removeListener('exit', this.leave);
    process.removeListener('SIGTSTP', this.#suspend);
    process.removeListener('SIGCONT', this.#resume);
    for (const [signal, die] of this.#signals) process.removeListener(signal, die);
    process.stdout.removeListener('resize', this.#changed);
    process.stdin.removeListener('data', this.#hear);
    this.#release();
    process.stdin.pause();
  };

  /** @param {string[]} lines one for each row */
  draw(lines) {
    if (!this.#isEntered) return;
    // A line is cleared first: after one that is as wide as the terminal, that would take its last character.
    process.stdout.write(HOME + lines.map((line) => CLEAR_LINE + line).join('\r\n'));
  }

  get size() {
    return { width: process.stdout.columns || 80, height: process.stdout.rows || 24 };
  }

  #take() {
    this.#isEntered = true;
    // Off and on: a shell may have changed the mode while this process was stopped, and libuv believes that it is still on.
    process.stdin.setRawMode(false).setRawMode(true).resume();
    this.#write(ENTER);
  }

  #release() {
    if (!this.#isEntered) return;
    this.#isEntered = false;
    this.#write(LEAVE);
    process.stdin.setRawMode(false);
  }

  /** Writes at once: this process may be about to end. */
  #write(text) {
    try {
      fs.writeSync(process.stdout.fd, text);
    } catch {
      // The terminal has gone, or takes nothing now.
    }
  }

  #hear = (data) => {
    for (const key of keysOf(data.toString())) {
      if (key === CTRL_Z) this.#suspend();
      else this.emit('key', key === CTRL_C ? 'q' : key);
    }
  };

  #changed = () => this.emit('change');

  #gone = () => {
    if (!this.#isEntered) return;
    this.leave();
    process.exit();
  };

  #die(signal) {
    this.leave();
    process.kill(process.pid, signal);
  }

  #suspend = () => {
    this.#release();
    // Without a handler it is the usual signal: it stops the whole job, with the npx or sudo that this may be started by,
    // until `fg`. Where there is no shell for that, the kernel ignores it.
    process.removeListener('SIGTSTP', this.#suspend);
    process.removeListener('SIGCONT', this.#resume);
    process.kill(0, 'SIGTSTP');
    process.on('SIGTSTP', this.#suspend);
    process.on('SIGCONT', this.#resume);
    this.#resume();
  };

  #resume = () => {
    this.#take();
    this.#changed();
  };
}

/** What has been pressed, one by one, without keys that send several characters, as arrows do. */
const keysOf = (text) => [...text.replace(SEVERAL, '')];

module.exports = { Terminal };
