'use strict';

// Serves clients, and says goodbye to them when it is told to end by a message.

const http = require('node:http');
const facts = require('../facts.js');

const server = http.createServer((request, response) => {
  setTimeout(() => response.end(JSON.stringify(facts())), 10);
});
server.listen(process.env.PORT, '127.0.0.1');

process.on('message', (message) => {
  if (message !== 'shutdown') return;
  setTimeout(() => {
    console.log('goodbye');
    process.exit(0);
  }, 100);
});
