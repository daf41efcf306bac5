'use strict';

// A primary that is to follow this one, as this one sees it: a process that gets ready beside it, and then takes over.

const { spawn } = require('node:child_process');
const { clearTimeout, setTimeout } = require('node:timers');
const { Error, JSON, Object, Promise, arrays, promises } = require('../../primordials.js');
const { binding } = require('../../native.js');
const { VARIABLE, nodeArguments } = require('../../startup.js');
const { howItEnded } = require('../member.js');

// The first descriptor behind the standard streams.
const FIRST = 3;

// How often to look whether all have crossed over, in milliseconds.
const LOOK_EVERY = 10;

// How long it may take to take over, in milliseconds.
const PATIENCE = 30_000;

/** The command line of this process, as it was started. */
const ownCommand = () => ({ execPath: process.execPath, args: [...nodeArguments, ...arrays.slice(process.argv, 1)] });

class Successor {
  #child;
  #channel;
  #native;
  #isEnded = false;
  #answers = []; // those who wait for what it says: { word, resolve, reject }
  #said = { __proto__: null }; // what it has said, by word

  /** Its process id; `undefined` if it could not be started. */
  pid;

  /** Fulfilled with a sentence about its end when it has ended. */
  ended;

  /**
   * Starts it.
   * @param {object} native the addon's `Primary`
   * @param {object} command
   * @param {string} [command.execPath] the program, as a rule Node
   * @param {string[]} [command.args] its arguments; as those of this process, if they are not given
   * @param {string} [command.cwd] where it is to run
   * @param {object} [command.env] how its variables are different
   * @param {Record<string, string>} variables that it is to have beside those of this process
   * @param {number} size how many workers there are here
   */
  constructor(native, { execPath, args, cwd, env: changes }, variables, size) {
    const own = ownCommand();
    const succession = native.prepareSuccessor({ ontext: (text) => this.#hear(text), onended() {} });
    const { descriptors, text } = succession;
    const inheritance = {
      protocol: binding.successionProtocol(),
      first: FIRST,
      count: descriptors.length,
      text,
      size,
    };
    const env = { ...process.env, ...changes, ...variables, [VARIABLE]: JSON.stringify(inheritance) };
    const stdio = ['inherit', 'inherit', 'inherit', ...descriptors];
    this.#native = native;
    this.#channel = succession.channel;
    try {
      this.#child = spawn(execPath ?? own.execPath, args ?? own.args, { cwd, env, stdio });
    } catch (error) {
      this.#channel.close();
      native.takeBack();
      throw error;
    } finally {
      succession.started();
    }
    this.pid = this.#child.pid;
    this.ended = new Promise((resolve) => {
      const end = (how) => {
        this.#isEnded = true;
        resolve(how);
        for (const { reject } of this.#answers) reject(new Error(how));
        this.#answers = [];
      };
      this.#child.once('error', (error) => end(`the new primary ${howItEnded({ error })}`));
      this.#child.once('exit', (code, signal) => end(`the new primary ${howItEnded({ code, signal })}`));
    });
  }

  #hear(text) {
    for (const message of JSON.parse(text)) Object.assign(this.#said, message);
    const { failed } = this.#said;
    for (const { reject, resolve, word } of this.#answers) {
      if (this.#said[word] !== undefined) resolve(this.#said[word]);
      else if (failed !== undefined) reject(new Error(failed));
    }
  }

  /** Whether it is ending because it has been told to. */
  get isStopping() {
    return this.#said.stopping === true;
  }

  /** Fulfilled with what it says under this word; rejected if it fails, ends, or says nothing for so many milliseconds. */
  async #answer(word, patience, late) {
    let timer;
    const answer = new Promise((resolve, reject) => {
      arrays.push(this.#answers, { word, resolve, reject });
      this.#hear('[]'); // It may have said so before.
      timer = setTimeout(() => reject(new Error(late)), patience);
    });
    try {
      return await answer;
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * Waits until all of its workers are ready.
   * @param {number} startTimeout how long it may take to say how long that will take, in milliseconds
   */
  async getReady(startTimeout) {
    const none = 'the new primary has not begun: it calls cluster.supervise of a cluster-rs that can be upgraded to';
    const { patience } = await this.#answer('hello', startTimeout, none);
    await this.#answer('ready', patience, `the new primary was not ready after ${patience} ms`);
  }

  /** Has it take over, and tells it what this primary knows. */
  async takeOver(known) {
    const tookOver = this.#answer('tookOver', PATIENCE, `the new primary has not taken over in ${PATIENCE} ms`);
    this.tell({ takeOver: known });
    await tookOver;
  }

  /** Fulfilled when no connection waits here that is to cross over. */
  async crossed() {
    for (;;) {
      const { parked, waiting } = this.#native.figures();
      if (parked + waiting === 0) return;
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY));
    }
  }

  /** @param {object} message one property, whose name says what it is about */
  tell(message) {
    this.#channel.send(JSON.stringify(message));
  }

  /** Ends it, and serves what it has not taken. */
  async kill() {
    if (!this.#isEnded) this.#child.kill('SIGKILL');
    await this.ended;
    this.#channel.close();
    this.#native.takeBack();
  }

  /** Leaves it to itself. */
  leave() {
    promises.then(this.ended, () => {});
    this.#child.unref();
  }
}

module.exports = { Successor };
