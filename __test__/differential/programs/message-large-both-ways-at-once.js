'use strict';
const cluster = require('cluster');

const text = 'x'.repeat(3 * 1024 * 1024);
if (cluster.isPrimary) {
  const worker = cluster.fork();
  let count = 0;
  worker.on('online', () => {
    for (let i = 0; i < 5; i++) worker.send({ i, text });
  });
  worker.on('message', (message) => {
    count += message.text.length;
    if (count === 5 * text.length) {
      console.log(count);
      worker.send('end');
    }
  });
  worker.on('exit', (code) => console.log('exit', code));
} else {
  for (let i = 0; i < 5; i++) process.send({ i, text });
  let got = 0;
  process.on('message', (message) => {
    if (message === 'end') process.exit(got === 5 * text.length ? 0 : 1);
    got += message.text.length;
  });
}
