'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('online', () => {
    const attempts = [
      ['m', 'handle'],
      ['m', 5],
      ['m', {}],
      ['m', []],
      ['m', null],
      ['m', undefined, 'options'],
      ['m', undefined, 5],
      ['m', undefined, null],
      ['m', new (require('net').Socket)()],
      ['m', undefined, { keepOpen: 'yes' }, 'callback'],
      ['m', true],
      ['m', process.stdout.constructor],
      ['m', new Date(0)],
    ];
    for (const values of attempts) {
      try {
        const sent = worker.send(...values);
        console.log('sent', sent);
      } catch (error) {
        console.log(error.name, error.code, error.message);
      }
    }
    worker.disconnect();
  });
  worker.on('message', (message) => console.log('message', message));
  worker.on('exit', (code) => console.log('exit', code));
} else {
  process.on('message', (message) => process.send([message]));
}
