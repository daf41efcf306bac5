'use strict';

// Knows nothing of process managers.

const http = require('http');
const facts = require('../../facts.js');

http
  .createServer((request, response) => setTimeout(() => response.end(JSON.stringify(facts())), 10))
  .listen(process.env.PORT, '127.0.0.1');
