'use strict';

// What follows from a call: what it has begun, and what that has begun.

const { AsyncLocalStorage, AsyncResource, createHook } = require('node:async_hooks');
const { Map, WeakRef, arrays } = require('../primordials.js');
const { activeHandles } = require('../handles.js');

// These are there until they are closed or forgotten, and do nothing.
const HOLDERS = ['DNSCHANNEL', 'FILEHANDLE'];

/**
 * Calls a function. This slows down all that the process does from now on, so it is for one that is about to end.
 * @param {() => void} act
 * @returns {() => boolean} whether something that it has begun goes on, and may keep the process alive
 */
function callAndWatch(act) {
  const isOurs = new AsyncLocalStorage();
  const going = new Map(); // resources, or what is left of them, by number
  const forget = (number) => going.delete(number);
  createHook({
    init(number, kind, _, resource) {
      // Resources of programs' own end when nobody remembers them.
      if (!isOurs.getStore() || arrays.includes(HOLDERS, kind) || resource instanceof AsyncResource) return;
      going.set(number, new WeakRef(resource));
    },
    destroy: forget,
    promiseResolve: forget,
  }).enable();
  isOurs.run(true, act);
  return () => {
    const outputs = arrays.map(activeHandles().outputs, ({ _handle }) => _handle);
    const mayGoOn = (resource) => resource?.hasRef?.() !== false && !arrays.includes(outputs, resource);
    return arrays.some([...going.values()], (reference) => mayGoOn(reference.deref()));
  };
}

module.exports = { callAndWatch };
