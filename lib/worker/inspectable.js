'use strict';

// What a supervised worker does so that its primary can look inside: see `Inspection` in `lib/supervisor/inspection.js`.

const { OWN_SIGNAL, ask } = require('../channel/requests.js');

const USUAL_PORT = 9229;

/** @param {import('../worker_class.js').Worker} worker `cluster.worker` */
function setUp(worker) {
  // Several workers may be looked into at the same time, and so may another program on this machine.
  if (process.debugPort === USUAL_PORT) process.debugPort = 0;
  const tell = (name) => {
    if (name !== 'SIGUSR1') return;
    process.removeListener('newListener', tell);
    ask(worker, OWN_SIGNAL).catch(() => {}); // The primary may be gone.
  };
  process.on('newListener', tell);
}

module.exports = { setUp };
