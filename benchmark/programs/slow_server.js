'use strict';

// A server that knows nothing of clusters, and takes 20 ms for each answer.

const http = require('http');

http
  .createServer((request, response) => setTimeout(() => response.end('done'), 20))
  .listen(process.env.PORT, '127.0.0.1');
