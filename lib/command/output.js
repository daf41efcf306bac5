'use strict';

const EventEmitter = require('node:events');
const { Lines, split } = require('./lines.js');
const { countLines, say } = require('./sink.js');

// How many of them a process that follows this one gets.
const PASSED_ON = 100;

// How many lines are kept for those who ask later, and of how many bytes in all.
const KEPT = 1000;
const KEPT_SIZE = 4 * 1024 * 1024;

// For how long what a worker prints may gather before it is read, in milliseconds, so that a line costs next to nothing
// where there are many; and how much of it is so much that more will follow at once, in bytes.
const GATHER = 10;
const MUCH = 16 * 1024;

/** Lets streams be read again when they have gathered something. */
class Rest {
  #resting = new Set();

  /** Reads no more from a stream for a moment. Its `_handle` is `reading` unless the stream has stopped it, or has ended. */
  add(stream) {
    if (!stream._handle?.reading) return;
    stream._handle.readStop();
    this.#resting.add(stream);
    if (this.#resting.size === 1) setTimeout(() => this.#end(), GATHER);
  }

  #end() {
    for (const { _handle: handle } of this.#resting) {
      if (handle?.reading) handle.readStart();
    }
    this.#resting.clear();
  }
}

/** What the workers print: whole lines, to where they are kept, and to those who follow the event `line`. */
class Output extends EventEmitter {
  #prefixOf;
  #output;
  #error;
  #kept = []; // { worker, lines, count, isOwn }
  #keptCount = 0;
  #keptSize = 0;
  #rest = new Rest();

  /**
   * @param {(id: number) => string} prefixOf what is put before each line of a worker
   * @param {{ output: object[], error: object[] }} sinks where the lines go
   */
  constructor(prefixOf, { output, error }) {
    super();
    this.setMaxListeners(0);
    this.#prefixOf = prefixOf;
    this.#output = output;
    this.#error = error;
  }

  /** The last lines, the oldest first; without those that another process has passed on, if only own ones are wanted. */
  last(count, isOwnOnly = false) {
    const found = [];
    for (let i = this.#kept.length - 1; i >= 0 && found.length < count; i--) {
      const { worker, lines, isOwn } = this.#kept[i];
      if (isOwnOnly && !isOwn) continue;
      const texts = split(lines).slice(-(count - found.length));
      found.unshift(...texts.map((text) => ({ worker, text })));
    }
    return found;
  }

  /** Keeps lines that another process has passed on, the oldest first. They are the first to be dropped. */
  restore(lines) {
    const entry = ({ worker, text }) => ({ worker, lines: Buffer.from(`${text}\n`), count: 1, isOwn: false });
    const entries = lines.map(entry);
    this.#kept.unshift(...entries);
    this.#keptCount += entries.length;
    for (const { lines: text } of entries) this.#keptSize += text.length;
  }

  /** Passes on what a worker prints. */
  follow({ id, process: { stdout, stderr } }) {
    // There is none, if there were no descriptors for it.
    if (stdout) this.#pass(stdout, this.#output, id);
    if (stderr) this.#pass(stderr, this.#error, id);
  }

  #pass(from, sinks, id) {
    const held = new Lines();
    const pass = (lines) => {
      if (lines.length === 0) return;
      this.#keep(id, lines);
      const text = prefixed(lines, this.#prefixOf(id));
      for (const sink of sinks) sink.write(text);
    };
    from.on('data', (piece) => {
      pass(held.add(piece));
      const full = sinks.find((sink) => sink.isFull);
      if (full) {
        from.pause();
        full.whenRoom(() => from.resume());
      } else if (piece.length < MUCH) this.#rest.add(from);
    });
    from.on('end', () => pass(held.end()));
    from.on('error', (error) => say(`what worker ${id} prints can't be read any more: ${error.message}`));
  }

  #keep(worker, lines) {
    const count = countLines(lines);
    this.#kept.push({ worker, lines, count, isOwn: true });
    this.#keptCount += count;
    this.#keptSize += lines.length;
    while (this.#kept.length > 1 && (this.#keptCount - this.#kept[0].count >= KEPT || this.#keptSize > KEPT_SIZE)) {
      const dropped = this.#kept.shift();
      this.#keptCount -= dropped.count;
      this.#keptSize -= dropped.lines.length;
    }
    if (this.listenerCount('line') === 0) return;
    for (const text of split(lines)) this.emit('line', { worker, text });
  }
}

/** Lines with something before each. Bytes of other characters are never those of a line's end in UTF-8. */
function prefixed(lines, prefix) {
  if (prefix === '') return lines;
  const text = lines.latin1Slice(0, lines.length - 1);
  const between = Buffer.from(`\n${prefix}`).latin1Slice();
  return Buffer.from(`${between.slice(1)}${text.replaceAll('\n', between)}\n`, 'latin1');
}

module.exports = { Output, PASSED_ON };
