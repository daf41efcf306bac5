'use strict';

// The portable layer: what a program has beyond the built-in module is the same there, so the same tests are for both.

process.env.LAYER = 'portable';

for (const name of ['additions', 'command', 'draining', 'from-pm2', 'layers', 'supervisor'])
  require(`./${name}.test.js`);
