'use strict';
const cluster = require('cluster');
const client = require('prom-client');
const { ask, endWorkers, startWorkers } = require('./workers.js');

// This one comes with the process, and no two runs agree on it.
const isOurs = (line) => /^(requests|open|seconds|ids)/.test(line);

async function primary() {
  const registry = new client.AggregatorRegistry();
  const port = await startWorkers(3);
  for (let i = 0; i < 30; i++) await ask(port, '/');
  const lines = (await registry.clusterMetrics()).split('\n').filter(isOurs);
  console.log(lines.join('\n'));

  // A worker that has gone is not waited for.
  cluster.workers[2].kill();
  await new Promise((resolve) => cluster.once('exit', resolve));
  console.log((await registry.clusterMetrics()).includes('open 2'));
  console.log('ends', await endWorkers());
  console.log([await registry.clusterMetrics()]);
}

function worker() {
  const { id } = cluster.worker;
  new client.AggregatorRegistry(); // Answers the primary.
  client.collectDefaultMetrics();
  const requests = new client.Counter({ name: 'requests', help: 'all', labelNames: ['path'] });
  const seconds = new client.Histogram({ name: 'seconds', help: 'all', buckets: [1, 2] });
  new client.Gauge({ name: 'open', help: 'summed up' }).set(1);
  new client.Gauge({ name: 'ids_greatest', help: 'of the workers', aggregator: 'max' }).set(id);
  new client.Gauge({ name: 'ids_average', help: 'of the workers', aggregator: 'average' }).set(id);
  require('http')
    .createServer((request, response) => {
      requests.inc({ path: request.url });
      seconds.observe(0.5);
      response.end();
    })
    .listen(0, '127.0.0.1');
}

if (cluster.isPrimary) primary();
else worker();
