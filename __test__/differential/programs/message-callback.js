'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('online', () => {
    const returned = worker.send('one', function (error) {
      console.log('callback one', error, arguments.length);
      worker.send('two', undefined, (second) => {
        console.log('callback two', second);
        worker.send('three', undefined, {}, (third) => {
          console.log('callback three', third);
          worker.disconnect();
        });
      });
    });
    console.log('returned', returned);
    process.nextTick(() => console.log('next tick'));
  });
} else {
  process.on('message', () => {});
}
