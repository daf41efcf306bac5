'use strict';
const cluster = require('cluster');
const fs = require('fs');
const winston = require('winston');

const LINES = 200;

/** What a worker logs goes to the primary, too. */
class ToPrimary extends winston.Transport {
  log(info, callback) {
    process.send({ level: info.level, message: info.message }, callback);
  }
}

function fileLogger(transports) {
  const format = winston.format.combine(winston.format.label({ label: 'service' }), winston.format.json());
  return winston.createLogger({
    format,
    transports: [new winston.transports.File({ filename: 'all.log' }), ...transports],
  });
}

function primary() {
  const heard = [];
  let left = 3; // What a worker has sent may come after its exit, but not after its channel's end.
  cluster.on('message', (worker, info) => heard.push(`${worker.id}: ${info.level}: ${info.message}`));
  cluster.on('disconnect', () => {
    if (--left > 0) return;
    // All have written into the same file.
    const lines = fs
      .readFileSync('all.log', 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    fs.unlinkSync('all.log');
    for (let id = 1; id <= 3; id++) {
      const own = lines.filter((line) => line.id === id);
      console.log(
        own.length,
        own.every(({ message, label }, i) => message === `line ${i}` && label === 'service'),
      );
      console.log(heard.filter((line) => line.startsWith(`${id}: info: line `)).length);
    }
    console.log(heard.filter((line) => line.includes('last')).sort());
  });
  for (let i = 0; i < left; i++) cluster.fork();
}

function worker() {
  const { id } = cluster.worker;
  const logger = fileLogger([new ToPrimary()]);
  for (let i = 0; i < LINES; i++) logger.info(`line ${i}`, { id });
  logger.warn('last', { pid: 0 });
  logger.debug('not wanted');
  let open = logger.transports.length;
  for (const transport of logger.transports) {
    transport.on('finish', () => {
      if (--open === 0) process.disconnect();
    });
  }
  logger.end();
}

if (cluster.isPrimary) primary();
else worker();
