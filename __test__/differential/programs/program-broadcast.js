'use strict';
const cluster = require('cluster');

// A worker speaks to all others through the primary.
if (cluster.isPrimary) {
  const workers = [1, 2, 3].map(() => cluster.fork());
  const heard = [];
  let ready = 0;
  cluster.on('message', (from, message) => {
    if (message === 'ready') {
      if (++ready === 3) workers[0].send({ say: 'hello' });
    } else if (message.broadcast) {
      for (const worker of Object.values(cluster.workers))
        if (worker !== from) worker.send({ hear: message.broadcast, from: from.id });
    } else {
      heard.push(`${from.id} heard ${message.heard}`);
      if (heard.length === 2) {
        console.log(heard.sort());
        cluster.disconnect();
      }
    }
  });
} else {
  process.on('message', (message) => {
    if (message.say) process.send({ broadcast: message.say });
    else process.send({ heard: `${message.hear} from ${message.from}` });
  });
  process.send('ready');
}
