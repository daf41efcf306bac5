'use strict';

// A Prometheus server that scrapes a service through two reloads and a death. Needs `prometheus` and `promtool`, as of
// Debian's package; with PROMETHEUS=1 they must be there.

const assert = require('node:assert');
const { spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const { test } = require('node:test');
const { freePort, get, gone, kill, root, run, scratch, start, until } = require('./support.js');

const bin = path.join(root, 'bin', 'cluster-rs.js');
const isThere = spawnSync('prometheus', ['--version']).status === 0;
const skip = isThere || process.env.PROMETHEUS ? false : 'prometheus is missing: apt-get install prometheus';

const app = `
  const { Counter } = require(${JSON.stringify(path.join(root, 'node_modules', 'prom-client'))});
  const counter = new Counter({ name: 'app_requests_total', help: 'Requests.' });
  require('http')
    .createServer((request, response) => {
      counter.inc();
      setTimeout(() => response.end('hello'), 5);
    })
    .listen(process.env.PORT, '127.0.0.1');
`;

/** A Prometheus server that scrapes a port every 200 ms; gives a function that asks it for the sum of a query. */
async function startPrometheus(t, admin) {
  const folder = scratch(t);
  const port = await freePort();
  const config = {
    global: { scrape_interval: '200ms', scrape_timeout: '200ms' },
    scrape_configs: [{ job_name: 'api', static_configs: [{ targets: [`127.0.0.1:${admin}`] }] }],
  };
  const file = path.join(folder, 'prometheus.yml'); // JSON is YAML.
  fs.writeFileSync(file, JSON.stringify(config));
  const child = spawn(
    'prometheus',
    [
      `--config.file=${file}`,
      `--storage.tsdb.path=${path.join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: 'ignore' },
  );
  t.after(async () => {
    child.kill('SIGKILL');
    await gone([child.pid]);
  });
  return async (query) => {
    const text = await get(port, { path: `/api/v1/query?query=${encodeURIComponent(query)}` });
    const { data } = JSON.parse(text);
    return data.result.length === 0 ? undefined : Number(data.result[0].value[1]);
  };
}

test('what Prometheus has scraped is what clients have counted', { timeout: 180_000, skip }, async (t) => {
  const folder = scratch(t);
  fs.writeFileSync(path.join(folder, 'app.js'), app);
  const [port, admin] = [await freePort(), await freePort()];
  const options = { cwd: folder, env: { XDG_RUNTIME_DIR: folder, PORT: `${port}` } };
  const program = start(t, [bin, 'app.js', '-w', '2', '--name', 'api', '--admin', `${admin}`], options);
  await until(
    () => / is running with /.test(program.stderr),
    () => program.output,
  );
  const query = await startPrometheus(t, admin);
  await until(
    async () => (await query('cluster_workers_wanted').catch(() => undefined)) === 2,
    'Prometheus to have scraped',
    60_000,
  );

  let answered = 0;
  let failed = 0;
  let isOver = false;
  const agent = new http.Agent({ keepAlive: true });
  const client = async (how) => {
    while (!isOver) {
      await get(port, how).then(
        () => answered++,
        () => failed++,
      );
    }
  };
  const clients = [client(), client({ agent }), client({ agent })];
  const command = (...args) => run(t, [bin, ...args], options);
  for (let i = 0; i < 2; i++) assert.strictEqual((await command('reload')).code, 0);
  const failedInReloads = failed;
  const [worker] = JSON.parse((await command('status', '--json')).stdout).workers;
  await kill(worker.pid);
  await until(async () => (await query('cluster_worker_restarts_total{reason="signal"}')) === 1, 'a restart', 60_000);
  isOver = true;
  await Promise.all(clients);
  agent.destroy();

  assert.strictEqual(failedInReloads, 0);
  const requests = () => query('sum(cluster_worker_requests_total)');
  // Of those that failed with their worker, some had begun.
  const isRight = (count) => count >= answered && count <= answered + failed;
  let found;
  await until(
    async () => isRight((found = await requests())),
    () => `${answered} requests (and ${failed} that failed), not ${found}`,
    60_000,
  );
  assert.strictEqual(await query('cluster_reloads_total{result="done"}'), 2);
  assert.strictEqual(await query('sum(resets(cluster_worker_requests_total[10m]))'), 0);
  // The program's own: what the worker that was killed had counted since it was last asked is lost.
  assert.strictEqual(await query('sum(resets(app_requests_total[10m]))'), 0);
  assert.ok((await query('app_requests_total')) <= answered + failed);

  // Its own tool finds nothing to complain of.
  const text = await get(admin, { path: '/metrics' });
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
  assert.strictEqual(status, 0, `${stdout}${stderr}`);
});
