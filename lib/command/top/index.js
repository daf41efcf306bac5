'use strict';

// `cluster-rs top`: what an application does, live.

const { now } = require('../../clock.js');
const { ask } = require('../control.js');
const { Failure, NOT_RUNNING } = require('../failure.js');
const { hasColours } = require('../table.js');
const { countWorkers } = require('../units.js');
const { History } = require('./history.js');
const { draw } = require('./screen.js');
const { Terminal } = require('./terminal.js');

// How often to look, and how long to show what has been done, in milliseconds.
const LOOK_EVERY = 1000;
const NOTE_FOR = 5000;

/** Whether there is a terminal that can be drawn on. */
const canDraw = () => Boolean(process.stdin.isTTY && process.stdout.isTTY) && process.env.TERM !== 'dumb';

/** Shows an application until a key ends that. */
class Top {
  #name;
  #terminal = new Terminal();
  #history = new History();
  #status;
  #wanted; // how many workers have been asked for, until they are there
  #note = '';
  #timer;
  #end;

  constructor(name) {
    this.#name = name;
  }

  /** Fulfilled when the user has enough; rejected if the application does not run any more. */
  async run() {
    await this.#look();
    const ended = new Promise((resolve, reject) => (this.#end = { resolve, reject }));
    this.#terminal.on('key', (key) => this.#press(key));
    this.#terminal.on('change', () => this.#draw());
    this.#terminal.enter();
    try {
      this.#draw();
      this.#lookAgain();
      await ended;
    } finally {
      clearTimeout(this.#timer);
      this.#terminal.leave();
    }
  }

  async #look() {
    this.#status = await ask(this.#name, { command: 'status' });
    this.#history.add(this.#status.workers, now());
  }

  #lookAgain() {
    this.#timer = setTimeout(async () => {
      try {
        await this.#look();
        this.#draw();
        this.#lookAgain();
      } catch (error) {
        if (error.code === NOT_RUNNING) {
          this.#end.reject(new Failure(`${this.#name} is not running any more`, NOT_RUNNING));
          return;
        }
        this.#say(error.message);
        this.#lookAgain();
      }
    }, LOOK_EVERY);
  }

  #draw() {
    const { height, width } = this.#terminal.size;
    const how = { width, height, inColour: hasColours(process.stdout), note: this.#note };
    this.#terminal.draw(draw(this.#status, this.#history, how));
  }

  #say(note) {
    this.#note = note;
    this.#draw();
    setTimeout(() => {
      if (this.#note !== note) return;
      this.#note = '';
      this.#draw();
    }, NOTE_FOR).unref();
  }

  #press(key) {
    if (key === 'q' || key === '\x1b') this.#end.resolve();
    if (key === 'r') this.#act({ command: 'reload' }, () => `${this.#name} has been reloaded`);
    if (key === '+' || key === '=') this.#scale(1);
    if (key === '-') this.#scale(-1);
  }

  #scale(difference) {
    const { size } = this.#status;
    this.#wanted = Math.max(1, (this.#wanted ?? size) + difference);
    this.#act({ command: 'scale', workers: this.#wanted }, (reached) => {
      this.#status.size = reached;
      if (reached === this.#wanted) this.#wanted = undefined;
      return `${this.#name} has ${countWorkers(reached)}`;
    });
  }

  async #act(request, done) {
    const step = ({ done: steps, of }) => this.#say(`${request.command}: ${steps} of ${of}`);
    this.#say(`${request.command} …`);
    try {
      this.#say(done(await ask(this.#name, request, step)));
    } catch (error) {
      this.#wanted = undefined;
      this.#say(error.message);
    }
  }
}

/** @param {string} name of the application */
async function top(name) {
  await new Top(name).run();
  process.exit(); // A reload that goes on is not waited for.
}

module.exports = { canDraw, top };
