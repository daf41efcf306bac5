'use strict';

// A server that knows nothing of clusters.
//
//   npx cluster-rs examples/server.js --workers 4 --name hello
//   npx cluster-rs status hello

const http = require('node:http');

const server = http.createServer((request, response) => response.end(`hello from process ${process.pid}\n`));
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`process ${process.pid} answers on http://127.0.0.1:${server.address().port}/`);
});
