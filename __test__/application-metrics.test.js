'use strict';

// What programs count by prom-client and its successor, on the admin port, compared with what the client itself sums up.

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { get, kill, root, scratch, startOurs, until } = require('./support.js');

const limit = { timeout: 120_000 };
const CLIENTS = ['prom-client', '@prometheus-io/client'];
const pathOf = (client) => path.join(root, 'node_modules', client, 'index.js');

const worker = `
  client.collectDefaultMetrics({ prefix: 'own_' });
  const registry = new client.Registry();
  registry.setDefaultLabels({ shop: 'a "b" \\\\ c' });
  const labelNames = ['method', 'path'];
  const requests = new client.Counter({ name: 'requests_total', help: 'Requests\\nof clients', labelNames });
  const times = new client.Histogram({ name: 'times', help: 'Times', registers: [registry], buckets: [1, 2] });
  const summary = new client.Summary({ name: 'sizes', help: 'Sizes', percentiles: [0.5] });
  for (const aggregator of ['sum', 'average', 'min', 'max', 'first', 'omit']) {
    new client.Gauge({ name: 'gauge_' + aggregator, help: 'Gauge', aggregator }).set(cluster.worker.id);
  }
  new client.Gauge({ name: 'not_a_number', help: 'NaN' }).set(NaN);
  new client.Gauge({ name: 'endless', help: 'Infinity' }).set(Infinity);
  new client.Counter({ name: 'cluster_reloads_total', help: 'A name of ours' }).inc(1000);
  if (process.env.FAILS) {
    const collect = () => Promise.reject(new Error('no sensor'));
    new client.Gauge({ name: 'failing', help: 'Fails', registers: [new client.Registry()], collect });
  }
  client.AggregatorRegistry.setRegistries([client.register, registry]);
  new client.AggregatorRegistry();
  http
    .createServer(async (request, response) => {
      if (request.url === '/hang') for (;;);
      requests.inc({ path: '/"\\\\\\n', method: request.method });
      times.observe(1.5);
      summary.observe(7);
      await client.Registry.merge([client.register, registry]).metrics(); // It is not to count twice.
      response.end(String(process.pid));
    })
    .listen(0, '127.0.0.1');
`;

const primary = `
  const cluster = require('cluster');
  const http = require('http');
  const { AggregatorRegistry } = require(process.env.CLIENT);
  cluster.setupPrimary({ exec: process.env.WORKER });
  const supervisor = cluster.supervise({ workers: 2, admin: 0 });
  const summing = new AggregatorRegistry();
  let port;
  cluster.on('listening', (worker, address) => (port = address.port));
  supervisor.on('ready', () => console.log(JSON.stringify({ port, admin: Number(supervisor.admin.split(':')[1]) })));
  const acts = {
    sum: async () => console.log(JSON.stringify({ sum: await summing.clusterMetrics() })),
    async block() {
      console.log('blocked');
      const { existsSync } = require('fs');
      while (!existsSync('go-on'));
    },
    async reload() {
      await supervisor.reload();
      console.log('reloaded');
    },
    stop() {
      process.stdin.destroy();
      supervisor.stop();
    },
  };
  process.stdin.setEncoding('utf8').on('data', (lines) => {
    for (const line of lines.trim().split('\\n')) acts[line]();
  });
`;

/** A program whose workers count by a client that they load as CommonJS or as an ES module. */
async function serve(t, { client = CLIENTS[0], type = 'commonjs', env } = {}) {
  const folder = scratch(t);
  const load =
    type === 'module'
      ? `import cluster from 'cluster'; import http from 'http'; import client from ${JSON.stringify(pathOf(client))};`
      : `const cluster = require('cluster'), http = require('http'), client = require(${JSON.stringify(pathOf(client))});`;
  const file = path.join(folder, type === 'module' ? 'worker.mjs' : 'worker.cjs');
  fs.writeFileSync(file, load + worker);
  fs.writeFileSync(path.join(folder, 'primary.js'), primary);
  const program = startOurs(t, ['primary.js'], {
    cwd: folder,
    env: { CLIENT: pathOf(client), WORKER: file, ...env },
  });
  const { port, admin } = JSON.parse(await program.line(/^\{"port".*$/));
  return {
    folder,
    port,
    program,
    /** The text, when it has the metrics of so many workers: on a busy machine some may be late. */
    async scrape(workers = 2) {
      let text;
      const isWhole = () => text.includes(`\ncluster_application_metrics_workers ${workers}.0\n`);
      await until(
        async () => (text = await get(admin, { path: '/metrics' })) && isWhole(),
        () => `${workers} workers in: ${text}`,
      );
      return text;
    },
  };
}

/** The samples of a text, by series with its labels in the order of their names. */
function samplesOf(text) {
  const samples = new Map();
  for (const line of text.split('\n')) {
    const [, name, labels = '', value] = /^([^#{ ]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    if (name === undefined) continue;
    const pairs = labels.match(/\w+="(?:[^"\\]|\\.)*"/g) ?? [];
    const series = `${name}{${pairs.sort()}}`;
    assert.ok(!samples.has(series), `${series} twice`);
    samples.set(series, value.toLowerCase());
  }
  return samples;
}

// Those that are not the same in two looks, or depend on who answers first, or that the client can't carry between processes.
const DIFFERS = /^(own_(process|nodejs)_|gauge_first|not_a_number|endless)/;

for (const client of CLIENTS) {
  for (const type of ['commonjs', 'module']) {
    test(`${client} in a program that is ${type} is summed up as by itself`, limit, async (t) => {
      const { port, program, scrape } = await serve(t, { client, type });
      for (let i = 0; i < 10; i++) await get(port);
      const text = await scrape();
      program.tell('sum');
      const { sum } = JSON.parse(await program.line(/^\{"sum".*$/));
      const [ours, theirs] = [samplesOf(text), samplesOf(sum)];
      theirs.delete('cluster_reloads_total{}');
      assert.strictEqual(ours.get('requests_total{method="GET",path="/\\"\\\\\\n"}'), '10');
      assert.notStrictEqual(ours.get('cluster_reloads_total{}'), '2000');
      assert.strictEqual(ours.has('gauge_omit{}'), false);
      assert.strictEqual(ours.get('gauge_first{}'), '1');
      assert.strictEqual(ours.get('not_a_number{}'), 'nan');
      assert.strictEqual(ours.get('endless{}'), '+inf');
      for (const [series, value] of theirs) {
        assert.ok(ours.has(series), `${series} is missing`);
        if (!DIFFERS.test(series)) assert.strictEqual(ours.get(series), value, series);
      }
      const more = [...ours.keys()].filter((series) => !series.startsWith('cluster_') && !theirs.has(series));
      assert.deepStrictEqual(more, []);
      for (const help of ['# HELP requests_total Requests\\nof clients', '# TYPE times histogram']) {
        assert.ok(text.split('\n').includes(help), help);
      }
      assert.strictEqual(program.stderr, '');
      program.tell('stop');
      assert.strictEqual(await program.end(), 0);
    });
  }
}

const REQUESTS = 'requests_total{method="GET",path="/\\"\\\\\\n"}';

test('what has been counted stays counted', limit, async (t) => {
  const { port, program, scrape } = await serve(t);
  for (let i = 0; i < 5; i++) await get(port);
  program.tell('reload');
  await program.line(/^reloaded$/);
  for (let i = 0; i < 5; i++) await get(port);
  const counts = async () => {
    const samples = samplesOf(await scrape());
    return ['times_count{shop="a \\"b\\" \\\\ c"}', 'sizes_sum{}', 'sizes_count{}', REQUESTS].map((name) =>
      samples.get(name),
    );
  };
  assert.deepStrictEqual(await counts(), ['10', '70', '10', '10']);
  assert.strictEqual(samplesOf(await scrape()).get('gauge_max{}'), '4');
  await kill(Number(await get(port)));
  await until(async () => samplesOf(await scrape()).get('cluster_workers{state="ready"}') === '2.0', 'another worker');
  const [, , , requests] = await counts();
  assert.ok(['10', '11'].includes(requests), requests); // The last one was counted after the last look.
});

test('a worker that hangs is left out, and what it has counted is not', limit, async (t) => {
  const { port, scrape } = await serve(t);
  for (let i = 0; i < 5; i++) await get(port);
  assert.strictEqual(samplesOf(await scrape()).get(REQUESTS), '5');
  get(port, { path: '/hang' }).catch(() => {});
  const samples = samplesOf(await scrape(1));
  assert.strictEqual(samples.get(REQUESTS), '5');
  assert.ok(['1', '2'].includes(samples.get('gauge_sum{}')), samples.get('gauge_sum{}'));
});

test('a primary that is busy answers without them', limit, async (t) => {
  const { folder, program, scrape } = await serve(t);
  program.tell('block');
  await program.line(/^blocked$/);
  const samples = samplesOf(await scrape(0));
  assert.strictEqual(samples.has('gauge_max{}'), false);
  assert.strictEqual(samples.get('cluster_workers{state="ready"}'), '2.0');
  fs.writeFileSync(path.join(folder, 'go-on'), '');
  assert.strictEqual(samplesOf(await scrape()).get('gauge_max{}'), '2');
});

test('a metric that fails takes only its registry along', limit, async (t) => {
  const { port, program, scrape } = await serve(t, { env: { FAILS: '1' } });
  await get(port);
  const samples = samplesOf(await scrape());
  assert.strictEqual(samples.get(REQUESTS), '1');
  assert.strictEqual(samples.has('failing{}'), false);
  await until(
    () => /\[CLUSTER_RS_METRICS\] Warning: Metrics of a registry are missing.*: no sensor/.test(program.stderr),
    () => program.output,
  );
});
