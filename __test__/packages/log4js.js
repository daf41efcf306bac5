'use strict';
const cluster = require('cluster');
const fs = require('fs');
const log4js = require('log4js');

const LINES = 40;

// Only the primary writes: workers send it what they log.
log4js.configure({
  appenders: { file: { type: 'file', filename: 'all.log', layout: { type: 'pattern', pattern: '%p %c %m' } } },
  categories: { default: { appenders: ['file'], level: 'info' } },
});
const logger = log4js.getLogger('service');

if (cluster.isPrimary) {
  // What a worker has sent may come after its exit, but not after its channel's end.
  let left = 3;
  cluster.on('disconnect', () => {
    if (--left > 0) return;
    logger.info('primary: the workers have gone');
    log4js.shutdown(() => {
      const lines = fs.readFileSync('all.log', 'utf8').split('\n');
      fs.unlinkSync('all.log');
      for (let id = 1; id <= 3; id++) {
        const own = lines.filter((line) => line.startsWith(`INFO service worker ${id}: `));
        console.log(
          own.length,
          own.every((line, i) => line.endsWith(`: line ${i}`)),
        );
      }
      console.log(lines.filter((line) => line.startsWith('ERROR')).length, 'errors');
      console.log(lines.at(-2));
    });
  });
  for (let i = 0; i < left; i++) cluster.fork();
} else {
  const { id } = cluster.worker;
  for (let i = 0; i < LINES; i++) logger.info('worker %d: line %d', id, i);
  logger.debug('not wanted');
  logger.error(`worker ${id}`, new RangeError('on purpose').message, { id });
  log4js.shutdown(() => process.disconnect());
}
