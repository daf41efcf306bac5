// node: >=26
// flags: --no-warnings --permission --allow-addons --allow-child-process --allow-fs-read=*
// ours: { code: 'ERR_ACCESS_DENIED', permission: 'Net', resource: '127.0.0.1' }
// ours: null SIGKILL
'use strict';
const cluster = require('cluster');
const dgram = require('dgram');

// The built-in module takes the refusal for a handle, and says that it can't be sent.
if (cluster.isPrimary) {
  const worker = cluster.fork();
  process.once('uncaughtException', ({ code, permission, resource }) => {
    console.log({ code, permission, resource });
    worker.process.kill('SIGKILL');
  });
  worker.on('exit', (code, signal) => console.log(code, signal));
} else {
  dgram.createSocket('udp4').bind(0, '127.0.0.1', () => process.exit());
}
