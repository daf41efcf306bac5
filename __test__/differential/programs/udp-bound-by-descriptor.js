// as: options
'use strict';
const { spawn } = require('child_process');
const cluster = require('cluster');
const dgram = require('dgram');

// The primary is started with a bound socket as its descriptor 3.
if (cluster.isPrimary && process.argv[2] !== 'primary') {
  const socket = dgram.createSocket('udp4').bind(0, '127.0.0.1', () => {
    const { fd } =
      socket[Object.getOwnPropertySymbols(socket).find((symbol) => symbol.description === 'state symbol')].handle;
    const child = spawn(process.execPath, [...process.execArgv, __filename, 'primary'], {
      stdio: ['ignore', 'inherit', 'inherit', fd],
    });
    socket.close();
    child.on('exit', (code, signal) => console.log('primary ended', code, signal));
  });
} else if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('message', (message) => {
    console.log(message);
    worker.disconnect();
  });
} else {
  const socket = dgram.createSocket('udp4');
  socket.on('error', (error) => process.send([error.code, error.syscall, error.message]));
  socket.bind({ fd: 3 }, () => process.send([socket.address().address, socket.address().family]));
}
