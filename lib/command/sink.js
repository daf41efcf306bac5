'use strict';

const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');

const NEWLINE = 0x0a;

// After these, nobody will ever read what is written: the reader, the terminal or the descriptor has gone.
const FINAL = ['EPIPE', 'EIO', 'EBADF'];

/** How many lines end in a text. */
function countLines(text) {
  let count = 0;
  for (let at = text.indexOf(NEWLINE); at >= 0; at = text.indexOf(NEWLINE, at + 1)) count++;
  return count;
}

/**
 * The standard output or the standard error of this process, or a file, for whole lines. Where there is no room for them
 * (the disk is full), they are lost, and counted; those that come later are written, as soon as there is room.
 */
class Sink {
  #fd;
  #name;
  #stream;
  #tell;
  #isClosed = false;
  #isFull = false;
  #isTorn = false; // whether the last line that was written has no end
  #lost = 0; // lines, since one was last written
  #waiting = new Set();

  /**
   * @param {number} fd
   * @param {string} name for people
   * @param {(text: string) => void} tell called when lines begin to be lost, and when that is over
   * @param {import('node:stream').Writable} [stream] what Node has for this descriptor
   */
  constructor(fd, name, tell, stream) {
    this.#fd = fd;
    this.#name = name;
    this.#tell = tell;
    stream?.on('error', (error) => this.#failed(error));
    // Node's own stream for a file writes no more after its first error, whatever that was.
    if (!(stream instanceof net.Socket)) return;
    this.#stream = stream.on('drain', () => this.#goOn());
  }

  /** Whether so much waits for a slow reader that no more should be written. */
  get isFull() {
    return this.#isFull;
  }

  /** Has `goOn` called once, when more can be written. */
  whenRoom(goOn) {
    this.#waiting.add(goOn);
  }

  /** @param {Buffer} lines whole ones, with their ends */
  write(lines) {
    if (this.#isClosed) return;
    if (this.#stream) this.#isFull = !this.#stream.write(lines);
    else this.#writeNow(lines);
  }

  #writeNow(lines) {
    let rest = this.#isTorn ? Buffer.concat([Buffer.from('\n'), lines]) : lines;
    try {
      while (rest.length > 0) {
        const written = fs.writeSync(this.#fd, rest);
        if (written > 0) this.#isTorn = rest[written - 1] !== NEWLINE;
        rest = rest.subarray(written);
      }
    } catch (error) {
      this.#failed(error, Math.min(countLines(rest), countLines(lines)));
      return;
    }
    if (this.#lost === 0) return;
    const lost = this.#lost;
    this.#lost = 0;
    this.#tell(`${this.#name} is being written to again: ${lost} lines were lost`);
  }

  #failed(error, lost = 0) {
    // Node has given up its stream. What is written now fails with what is final, or does not.
    this.#stream = undefined;
    if (FINAL.includes(error.code)) this.#isClosed = true;
    else if (lost > 0) {
      const isNew = this.#lost === 0;
      this.#lost += lost;
      if (isNew) this.#tell(`${this.#name} can't be written to, and lines are being lost: ${error.message}`);
    }
    this.#goOn();
  }

  #goOn() {
    this.#isFull = false;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const goOn of waiting) goOn();
  }
}

const standardError = new Sink(2, 'standard error', say, process.stderr);
const standardOutput = new Sink(1, 'standard output', say, process.stdout);

const files = new Map(); // by path: two outputs may go into one

/**
 * A file to which lines are appended. Its folder is made, if it is missing.
 * @param {string} file
 * @throws {Error} of the system
 */
function fileSink(file) {
  const name = path.resolve(file);
  if (!files.has(name)) {
    fs.mkdirSync(path.dirname(name), { recursive: true });
    files.set(name, new Sink(fs.openSync(name, 'a'), file, say));
  }
  return files.get(name);
}

/** Prints a line of this command's own, on the standard error. */
function say(text) {
  standardError.write(Buffer.from(`cluster-rs: ${text}\n`));
}

module.exports = { countLines, fileSink, say, standardError, standardOutput };
