'use strict';
const cluster = require('cluster');

// Each listener keeps the worker alive, the module's own as well; saved ones may be put back.
if (cluster.isPrimary) {
  const modes = ['message', 'disconnect', 'both', 'both and back', 'both, and another'];
  const next = () => {
    const mode = modes.shift();
    if (mode === undefined) return;
    const worker = cluster.fork({ MODE: mode });
    const timer = setTimeout(() => worker.process.kill(), 700);
    worker.process.on('exit', (code, signal) => {
      clearTimeout(timer);
      console.log(mode, code, signal);
      next();
    });
  };
  next();
} else {
  const mode = process.env.MODE;
  const names = mode.startsWith('both') ? ['message', 'disconnect'] : [mode];
  const saved = names.map((name) => [name, process.listeners(name)]);
  for (const name of names) process.removeAllListeners(name);
  if (mode.endsWith('another')) process.on('message', () => {});
  if (mode.endsWith('back')) for (const [name, listeners] of saved) for (const one of listeners) process.on(name, one);
}
