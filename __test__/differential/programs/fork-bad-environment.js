'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  for (const env of [{ 'WITH\0NULL': '1' }, { VALUE: 'with\0null' }, { [Symbol('s')]: 'x', BAD: Symbol('value') }]) {
    try {
      cluster.fork(env).process.kill('SIGKILL');
      console.log('no error');
    } catch (error) {
      console.log(error.name, error.code, error.message);
    }
  }
  const forms = [null, 'ab', 5, ['x', 'y'], true];
  const next = () => {
    if (forms.length === 0) return;
    const env = forms.shift();
    const worker = cluster.fork(env);
    worker.on('message', (message) => console.log(worker.id, JSON.stringify(env), message));
    worker.on('exit', next);
  };
  next();
} else {
  process.send([process.env[0], process.env[1]], () => process.exit());
}
