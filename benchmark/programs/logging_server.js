'use strict';

// An HTTP server that prints a line for each request, as most do.

const http = require('node:http');

let count = 0;
const server = http.createServer((request, response) => {
  console.log(`${new Date().toISOString()} GET ${request.url} 200, request ${++count} of process ${process.pid}`);
  response.end('hello\n');
});
server.listen(process.env.PORT, '127.0.0.1');
