// node: >=26
// flags: --no-warnings --permission --allow-addons --allow-child-process --allow-fs-read=*
'use strict';
const cluster = require('cluster');
const net = require('net');
const os = require('os');
const path = require('path');

// Who handles what the primary is denied can go on; the worker hears nothing.
const places = [
  { path: 'worker.sock' },
  { path: path.join(os.homedir(), 'worker.sock') },
  { path: '\0permission-listen-denied' },
  { port: 0 },
  { fd: 99 },
];

function next() {
  if (places.length === 0) return;
  const place = places.shift();
  const worker = cluster.fork({ PLACE: JSON.stringify(place) });
  const uncaught = ({ code, message, name, permission, resource }) => {
    console.log(place, name, { code, message, permission, resource });
    worker.process.kill('SIGKILL');
  };
  process.once('uncaughtException', uncaught);
  worker.on('message', (message) => console.log(place, message));
  worker.on('listening', () => console.log('listening'));
  worker.on('exit', (code, signal) => {
    console.log(code, signal);
    process.off('uncaughtException', uncaught);
    next();
  });
}

if (cluster.isPrimary) {
  next();
} else {
  const server = net.createServer();
  server.on('error', ({ code }) => process.send(['error', code], () => process.exit(3)));
  server.listen(JSON.parse(process.env.PLACE), () => process.exit());
}
