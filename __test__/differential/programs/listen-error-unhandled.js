'use strict';
const cluster = require('cluster');
const net = require('net');

if (cluster.isPrimary) {
  cluster.fork().on('exit', (code, signal) => console.log(code, signal));
} else {
  net.createServer().listen(45678, '192.0.2.1');
}
