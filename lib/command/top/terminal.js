'use strict';

const EventEmitter = require('node:events');
const fs = require('node:fs');

const [ENTER, LEAVE] = ['\x1b[?1049h\x1b[?25l', '\x1b[?25h\x1b[?1049l'];
const [HOME, CLEAR_LINE, CLEAR_REST] = ['\x1b[H', '\x1b[K', '\x1b[J'];

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

  /** @param {string[]} lines as many as there are rows at most */
  draw(lines) {
    if (!this.#isEntered) return;
    process.stdout.write(`${HOME}${lines.map((line) => `${line}${CLEAR_LINE}`).join('\r\n')}${CLEAR_REST}`);
  }

  get size() {
    return { width: process.stdout.columns || 80, height: process.stdout.rows || 24 };
  }

  #take() {
    this.#isEntered = true;
    process.stdin.setRawMode(true);
    process.stdin.resume();
    this.#write(ENTER);
  }

  #release() {
    if (!this.#isEntered) return;
    this.#isEntered = false;
    this.#write(LEAVE);
    try {
      process.stdin.setRawMode(false);
    } catch {
      // The terminal has gone.
    }
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
    this.leave();
    process.exit();
  };

  #die(signal) {
    this.leave();
    process.kill(process.pid, signal);
  }

  #suspend = () => {
    this.#release();
    process.kill(process.pid, 'SIGSTOP');
  };

  #resume = () => {
    if (!this.#isEntered) this.#take();
    this.emit('change');
  };
}

/** What has been pressed, one by one, without keys that send several characters, as arrows do. */
const keysOf = (text) => [...text.replace(SEVERAL, '')];

module.exports = { Terminal };
