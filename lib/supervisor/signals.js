'use strict';

const { Object } = require('../primordials.js');
const { exitWhenWritten } = require('../exit.js');

/**
 * Has signals to this process stop or reload a supervisor's workers. SIGTERM and SIGINT stop them gracefully, and the
 * second one at once; SIGHUP and SIGUSR2 reload. After the stop this process exits.
 * @param {import('./index.js').Supervisor} supervisor
 */
function obeySignals(supervisor) {
  let isStopping = false;
  const stop = async () => {
    if (isStopping) {
      supervisor.killAll();
      return;
    }
    isStopping = true;
    await supervisor.stop();
    await exitWhenWritten();
  };
  const reload = () =>
    supervisor.reload().catch((error) => {
      // Who listens has heard of it, and who stops does not want it any more.
      if (!isStopping && supervisor.listenerCount('reloadFailed') === 0) process.emitWarning(error);
    });
  const handlers = { SIGTERM: stop, SIGINT: stop, SIGHUP: reload, SIGUSR2: reload };
  for (const [signal, handler] of Object.entries(handlers)) process.on(signal, handler);
}

module.exports = { obeySignals };
