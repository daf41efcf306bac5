'use strict';

// `cluster-rs profile`: what a worker spends its time on, or what is in its memory, in files that Chrome's tools open.

const fs = require('node:fs');
const path = require('node:path');
const { openSession } = require('../inspector/session.js');
const { ask } = require('./control.js');
const { Failure, USAGE } = require('./failure.js');
const { parseTime } = require('./units.js');

/** Appends to a file that has another name until it is whole. */
class PartialFile {
  #name;
  #part;
  #fd;

  constructor(name) {
    this.#name = name;
    this.#part = `${name}.part`;
    this.#fd = fs.openSync(this.#part, 'wx');
  }

  write(text) {
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length;) at += fs.writeSync(this.#fd, bytes, at);
  }

  finish() {
    fs.closeSync(this.#fd);
    this.#fd = undefined;
    fs.renameSync(this.#part, this.#name);
  }

  /** Removes what there is of it, if it is not finished. */
  drop() {
    if (this.#fd === undefined) return;
    fs.closeSync(this.#fd);
    fs.rmSync(this.#part, { force: true });
  }
}

/** Samples the stack for so many milliseconds, or until the signal. */
async function takeCpuProfile(session, file, time, enough) {
  await session.send('Profiler.enable');
  await session.send('Profiler.start');
  let timer;
  const gone = new Promise((resolve) => session.once('close', resolve));
  // One that has ended otherwise is kept by Node until it has been asked for its profile.
  const ending = new Promise((resolve) => session.once('NodeRuntime.waitingForDisconnect', resolve));
  await session.send('NodeRuntime.notifyWhenWaitingForDisconnect', { enabled: true });
  await Promise.race([new Promise((resolve) => (timer = setTimeout(resolve, time))), enough, ending, gone]);
  clearTimeout(timer);
  const { profile } = await session.send('Profiler.stop');
  file.write(JSON.stringify(profile));
}

/** Writes all that is on the heap. */
async function takeHeapSnapshot(session, file, enough) {
  let failed;
  session.on('HeapProfiler.addHeapSnapshotChunk', ({ chunk }) => {
    try {
      if (!failed) file.write(chunk);
    } catch (error) {
      failed = error;
    }
  });
  const stopped = enough.then(() => {
    throw new Error('stopped before it was whole');
  });
  await Promise.race([session.send('HeapProfiler.takeHeapSnapshot'), stopped]);
  if (failed) throw failed;
}

const pad = (number) => String(number).padStart(2, '0');

/** A moment in the name of a file: `20260102-150405`. */
function stamp(date) {
  const [day, time] = [
    [date.getFullYear(), date.getMonth() + 1, date.getDate()],
    [date.getHours(), date.getMinutes(), date.getSeconds()],
  ].map((parts) => parts.map(pad).join(''));
  return `${day}-${time}`;
}

function readOptions({ cpu, heap, out }, id) {
  if (!/^[1-9]\d*$/.test(id ?? '')) {
    throw new Failure('missing worker: profile [NAME] ID, where ID is as in cluster-rs status', USAGE);
  }
  if ((cpu === undefined) === (heap === undefined)) {
    throw new Failure('missing kind of profile: --cpu TIME such as 10s, or --heap', USAGE);
  }
  const time = cpu === undefined ? 0 : parseTime(cpu);
  if (time === undefined) throw new Failure(`--cpu must be a time such as 10s, not ${JSON.stringify(cpu)}`, USAGE);
  return { isHeap: heap === true, out, time };
}

/**
 * Writes a profile of a worker.
 * @param {string} name of the application
 * @param {object} options of the command line: `cpu`, `heap`, `out`, `json`
 * @param {string} id of the worker
 */
async function profile(name, options, id) {
  const { isHeap, out, time } = readOptions(options, id);
  const kind = isHeap ? 'heapsnapshot' : 'cpuprofile';
  const file = path.resolve(out ?? `${name}-${id}-${stamp(new Date())}.${kind}`);
  let interrupt;
  const enough = new Promise((resolve) => (interrupt = resolve));
  process.once('SIGINT', interrupt);
  let failed;
  const take = async (url) => {
    const partial = new PartialFile(file);
    let session;
    try {
      session = await openSession(url);
      if (isHeap) await takeHeapSnapshot(session, partial, enough);
      else await takeCpuProfile(session, partial, time, enough);
      partial.finish();
    } finally {
      partial.drop();
      session?.close();
    }
  };
  let taken;
  try {
    await ask(name, { command: 'inspect', id: Number(id) }, async ({ url }, hangUp) => {
      taken = take(url).catch((error) => (failed = error));
      await taken;
      hangUp(); // Then the application closes the inspector.
    });
  } catch (error) {
    if (!taken) throw error;
    interrupt(); // The application has ended: what there is by now is enough.
    await taken;
  }
  process.removeListener('SIGINT', interrupt);
  if (failed) throw new Failure(`${file} can't be written: ${failed.message}`);
  process.stdout.write(options.json ? `${JSON.stringify({ file })}\n` : `${file}\n`);
}

module.exports = { profile };
