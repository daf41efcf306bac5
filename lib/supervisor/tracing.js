'use strict';

// The events of a supervisor on `diagnostics_channel`, for tracers: `cluster-rs.EVENT`, with the arguments by name.

const { channel } = require('node:diagnostics_channel');
const { Object } = require('../primordials.js');

// What a message has beside the supervisor, in the order of the event's arguments; see `SupervisorEvents` in `index.d.ts`.
const ARGUMENTS = {
  ready: [],
  workerReady: ['worker'],
  startFailed: ['worker', 'error', 'delay'],
  death: ['worker', 'code', 'signal', 'delay'],
  giveUp: ['failures'],
  hang: ['worker', 'stuckFor', 'report'],
  ill: ['worker', 'reason'],
  well: ['worker'],
  replace: ['worker', 'reason'],
  reload: ['done', 'of'],
  restart: ['done', 'of'],
  reloaded: [],
  reloadFailed: ['error'],
  scaled: ['from', 'to', 'reason'],
  notScaled: ['wanted', 'reason'],
  upgrade: [],
  tookOver: [],
  upgraded: ['pid'],
  upgradeFailed: ['error'],
  lameDuck: ['time'],
  stop: [],
};

// Kept: one that nobody holds would be another object for each event.
const channels = { __proto__: null };
for (const event of Object.keys(ARGUMENTS)) channels[event] = channel(`cluster-rs.${event}`);

/**
 * Tells those who listen.
 * @param {import('./index.js').Supervisor} supervisor
 * @param {string} event
 * @param {any[]} about its arguments
 */
function publish(supervisor, event, about) {
  if (!channels[event].hasSubscribers) return;
  const message = { supervisor };
  for (let i = 0; i < about.length; i++) message[ARGUMENTS[event][i]] = about[i];
  channels[event].publish(message);
}

module.exports = { publish };
