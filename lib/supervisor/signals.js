'use strict';

const { arrays } = require('../primordials.js');
const { exitWhenWritten, terminals } = require('../exit.js');
const { RELOAD_SIGNALS } = require('./options.js');

/**
 * Has signals to this process stop or reload a supervisor's workers. All of them stop them gracefully, and the second one
 * at once, but those that reload. After the stop this process exits.
 * @param {import('./index.js').Supervisor} supervisor
 * @param {string[]} [reloadSignals] if it is not said, there are none on a terminal: SIGHUP says that it is closed, and
 *   SIGUSR2 comes from tools that restart what they run
 */
function obeySignals(supervisor, reloadSignals = terminals().length > 0 ? [] : RELOAD_SIGNALS) {
  let isStopping = false;
  const stop = async (lameDuck) => {
    if (isStopping) {
      supervisor.stop({ lameDuck: false });
      supervisor.killAll();
      return;
    }
    isStopping = true;
    await supervisor.stop({ lameDuck });
    await exitWhenWritten();
  };
  const reload = async () => {
    try {
      await supervisor.reload();
    } catch (error) {
      // Who listens has heard of it, and who stops does not want it any more.
      if (!isStopping && supervisor.listenerCount('reloadFailed') === 0) process.emitWarning(error);
    }
  };
  // A person who presses Ctrl+C, or closes the terminal, waits for nobody who balances load.
  process.on('SIGTERM', () => stop(true));
  process.on('SIGINT', () => stop(false));
  for (const signal of RELOAD_SIGNALS)
    process.on(signal, arrays.includes(reloadSignals, signal) ? reload : () => stop(false));
}

module.exports = { obeySignals };
