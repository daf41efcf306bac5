'use strict';
const cluster = require('cluster');

for (const inspectPort of [-1, 65536, 'text', NaN, {}, () => 100000, () => 'x', () => null, null, 1.5]) {
  for (const execArgv of [['--inspect'], []]) {
    if (execArgv.length === 0 && inspectPort !== null) continue;
    try {
      cluster.setupPrimary({ execArgv, inspectPort });
      cluster.fork().process.kill('SIGKILL');
      console.log(inspectPort, 'no error');
    } catch (error) {
      console.log(inspectPort, error.name, error.code, error.message);
    }
  }
}
