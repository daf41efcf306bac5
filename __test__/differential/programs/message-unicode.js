'use strict';
const cluster = require('cluster');

const texts = [
  'é',
  '€',
  '😀',
  'a😀b\u0000c',
  '\ud800',
  '\udfff\ud800',
  '\u2028\u2029',
  '\ufeffbom',
  'e\u0301',
  '"\\/\b\f\n\r\t',
  '中文'.repeat(1000),
];
if (cluster.isPrimary) {
  const worker = cluster.fork();
  let index = 0;
  worker.on('message', (message) => {
    const sent = texts[index++];
    console.log(
      index,
      message.length,
      message === sent,
      message === sent ? '' : [...message].map((c) => c.codePointAt(0).toString(16)),
    );
    if (index === texts.length) worker.disconnect();
  });
  texts.forEach((text) => worker.send(text));
} else {
  process.on('message', (message) => process.send(message));
}
