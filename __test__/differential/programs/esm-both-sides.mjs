import cluster from 'node:cluster';
import http from 'node:http';
import process from 'node:process';

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('listening', ({ port }) => {
    http.get({ port, host: '127.0.0.1', agent: false }, (response) => {
      response
        .setEncoding('utf8')
        .on('data', (text) => console.log(text))
        .on('end', () => worker.disconnect());
    });
  });
  worker.on('exit', (code, signal) => console.log('exit', code, signal, worker.exitedAfterDisconnect));
} else {
  http
    .createServer((request, response) =>
      response.end(`worker ${cluster.worker.id} of process ${process.send instanceof Function}`),
    )
    .listen(0, '127.0.0.1');
}
