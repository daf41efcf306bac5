'use strict';

// The admin port: metrics and health, asked while the service is reloaded, killed, blocked and stopped.

const assert = require('node:assert');
const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');
const path = require('node:path');
const { describe, test } = require('node:test');
const { freePort, get, kill, root, run, scratch, start, startOurs, until, write } = require('./support.js');

const limit = { timeout: 120_000 };
const bin = path.join(root, 'bin', 'cluster-rs.js');

const app = `
  const http = require('http');
  http
    .createServer((request, response) => {
      if (request.url === '/crash') process.exit(7);
      if (request.url === '/hang') for (;;);
      response.end(String(process.pid));
    })
    .listen(process.env.PORT, '127.0.0.1');
`;

/** Asks the admin port. */
function ask(where, path, options = {}) {
  const place = typeof where === 'string' ? { socketPath: where } : { host: '127.0.0.1', port: where };
  return new Promise((resolve, reject) => {
    const request = http.request({ ...place, path, agent: false, timeout: 10_000, ...options }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part) => (text += part));
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, text }));
    });
    request.on('timeout', () => request.destroy(new Error('no answer')));
    request.on('error', reject).end();
  });
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const SAMPLE = new RegExp(`^(${NAME})(?:\\{((?:${NAME}="(?:[^"\\\\\\n]|\\\\["\\\\n])*",?)*)\\})? (\\S+)$`);

/** Reads the text format, and is strict about it. Gives values by name and labels as they stand. */
function parse(text) {
  assert.ok(text.endsWith('\n'));
  const values = new Map();
  let family;
  for (const line of text.split('\n').slice(0, -1)) {
    if (line.startsWith('# HELP ')) {
      [, family] = new RegExp(`^# HELP (${NAME}) .+$`).exec(line);
      continue;
    }
    if (line.startsWith('# TYPE ')) {
      const [, name, kind] = new RegExp(`^# TYPE (${NAME}) (counter|gauge|histogram)$`).exec(line);
      assert.strictEqual(name, family);
      if (kind === 'counter') assert.match(name, /_total$/);
      continue;
    }
    const [, name, labels = '', value] = SAMPLE.exec(line) ?? assert.fail(line);
    assert.match(name, new RegExp(`^${family}(?:_bucket|_sum|_count)?$`));
    assert.ok(value === '+Inf' || Number.isFinite(Number(value)), line);
    assert.ok(!values.has(`${name}{${labels}}`), line);
    values.set(`${name}{${labels}}`, Number(value));
  }
  return values;
}

async function metrics(where) {
  const { status, headers, text } = await ask(where, '/metrics');
  assert.strictEqual(status, 200);
  assert.match(headers['content-type'], /^text\/plain; version=0\.0\.4/);
  return parse(text);
}

/** The sum of all samples of one name, whatever their labels. */
function total(values, name) {
  let sum = 0;
  for (const [key, value] of values) if (key.startsWith(`${name}{`)) sum += value;
  return sum;
}

/** The program under the command, with an admin port. */
async function serve(t, ...args) {
  const folder = scratch(t);
  fs.writeFileSync(path.join(folder, 'app.js'), app);
  const [port, admin] = [await freePort(), await freePort()];
  const options = { cwd: folder, env: { XDG_RUNTIME_DIR: folder, PORT: `${port}` } };
  const program = start(t, [bin, 'app.js', '--name', 'api', '-w', '2', '--admin', `${admin}`, ...args], options);
  await until(
    () => / is running with /.test(program.stderr),
    () => program.output,
  );
  const command = (...words) => run(t, [bin, ...words], options);
  return { admin, command, folder, port, program };
}

test('counts what clients have asked, through a reload and a death', limit, async (t) => {
  const { admin, command, port, program } = await serve(t);
  assert.match(
    program.stderr,
    new RegExp(`^cluster-rs: api answers /, /metrics, /live and /ready on 127.0.0.1:${admin}$`, 'm'),
  );
  const counted = async (requests) => {
    await until(
      async () => total(await metrics(admin), 'cluster_worker_requests_total') === requests,
      async () => `${requests} requests: ${(await ask(admin, '/metrics')).text}`,
    );
    const found = await metrics(admin);
    const listener = `listener="127.0.0.1:${port}"`;
    assert.strictEqual(found.get(`cluster_connections_accepted_total{${listener}}`), requests);
    assert.strictEqual(found.get(`cluster_queue_time_seconds_count{${listener}}`), requests);
    assert.strictEqual(total(found, 'cluster_worker_connections_taken_total'), requests);
    return found;
  };

  for (let i = 0; i < 20; i++) await get(port);
  const before = await counted(20);
  assert.strictEqual(before.get('cluster_workers{state="ready"}'), 2);
  assert.strictEqual(before.get('cluster_workers_wanted{}'), 2);
  assert.ok(before.get('cluster_worker_resident_memory_bytes{worker="0"}') > 10e6);
  assert.ok(before.get('cluster_worker_cpu_seconds_total{worker="1"}') > 0);
  assert.ok(before.get('cluster_primary_resident_memory_bytes{}') > 10e6);
  assert.strictEqual(before.get('cluster_worker_start_seconds_count{}'), 2);

  assert.strictEqual((await command('reload')).code, 0);
  for (let i = 0; i < 10; i++) await get(port);
  const reloaded = await counted(30);
  assert.strictEqual(reloaded.get('cluster_reloads_total{result="done"}'), 1);
  assert.strictEqual(reloaded.get('cluster_reload_duration_seconds_count{}'), 1);

  const [worker] = JSON.parse((await command('status', '--json')).stdout).workers;
  await kill(worker.pid);
  await until(
    async () => (await metrics(admin)).get('cluster_worker_restarts_total{reason="signal"}') === 1,
    'a restart',
  );
  await until(async () => (await metrics(admin)).get('cluster_workers{state="ready"}') === 2, 'another worker');
  for (let i = 0; i < 10; i++) await get(port);
  const after = await counted(40);
  for (const [name, value] of before) {
    if (/_(?:total|count|sum|bucket)\{/.test(name)) assert.ok(after.get(name) >= value, name);
  }
});

test('all that the dashboard shows is there', limit, async (t) => {
  const { admin, command, port } = await serve(t);
  await get(port);
  assert.strictEqual((await command('reload')).code, 0);
  await get(port, { path: '/crash' }).catch(() => {});
  await until(
    async () => (await metrics(admin)).get('cluster_worker_restarts_total{reason="exit"}') === 1,
    'a restart',
  );
  const { panels } = JSON.parse(fs.readFileSync(path.join(root, 'docs/grafana.json'), 'utf8'));
  const shown = panels.flatMap(({ targets }) => targets.flatMap(({ expr }) => expr.match(/\bcluster_\w+/g)));
  const { text } = await ask(admin, '/metrics');
  for (const name of shown) assert.match(text, new RegExp(`^${name}[{ ]`, 'm'));
});

test('answers while the primary is busy', limit, async (t) => {
  const program = startOurs(t, [
    write(t, () => {
      const cluster = require('cluster');
      if (cluster.isPrimary) {
        const supervisor = cluster.supervise({ workers: 2, admin: 0 });
        supervisor.once('ready', () => {
          console.log(`admin ${supervisor.admin}`);
          process.stdin.once('data', () => {
            require('fs').writeSync(1, 'busy\n');
            for (;;);
          });
        });
      } else require('http').createServer().listen(0, '127.0.0.1');
    }),
  ]);
  const [, port] = await program.line(/^admin 127\.0\.0\.1:(\d+)$/);
  const admin = Number(port);
  program.tell('');
  await program.line(/^busy$/);
  assert.strictEqual((await metrics(admin)).get('cluster_workers{state="ready"}'), 2);
  assert.deepStrictEqual([(await ask(admin, '/ready')).status, (await ask(admin, '/live')).status], [200, 200]);
});

test('is ready when all workers have been, and not when it stops', limit, async (t) => {
  const { admin, port, program } = await serve(t, '--lame-duck', '60s');
  const { status, text } = await ask(admin, '/ready');
  assert.deepStrictEqual([status, text], [200, '2 of 2 workers in service\n']);
  program.child.kill('SIGTERM');
  await until(async () => (await ask(admin, '/ready')).status === 503, 'it not to be ready');
  // It serves on, and lives.
  assert.match(await get(port), /^\d+$/);
  assert.strictEqual((await ask(admin, '/live')).status, 200);
  program.child.kill('SIGINT');
  assert.strictEqual(await program.end(), 0);
});

test('is not ready before, nor with too few, and not alive when all hang', limit, async (t) => {
  const program = startOurs(t, [
    write(t, () => {
      const cluster = require('cluster');
      if (cluster.isPrimary) {
        const options = {
          workers: 2,
          admin: 0,
          minDelay: 60_000,
          maxDelay: 60_000,
          hangTimeout: 1000,
          waitReady: true,
        };
        const supervisor = cluster.supervise(options);
        console.log(`admin ${supervisor.admin}`);
        cluster.on('listening', (worker, { port }) => console.log(`port ${port}`));
        process.stdin.on('data', () => Object.values(cluster.workers).forEach((worker) => worker.send('ready')));
      } else {
        process.on('message', () => cluster.worker.ready());
        const http = require('http');
        http
          .createServer((request, response) => {
            if (request.url === '/crash') process.exit(1);
            if (request.url === '/hang') for (;;);
            response.end();
          })
          .listen(0, '127.0.0.1');
      }
    }),
  ]);
  const [, where] = await program.line(/^admin 127\.0\.0\.1:(\d+)$/);
  const admin = Number(where);
  const [, port] = await program.line(/^port (\d+)$/, 2);
  assert.deepStrictEqual((await ask(admin, '/ready')).text, 'starting: 0 of 2 workers in service\n');
  program.tell('');
  await until(async () => (await ask(admin, '/ready')).status === 200, 'it to be ready');
  for (let i = 0; i < 2; i++) get(Number(port), { path: '/hang' }).catch(() => {}); // They end with the test.
  await until(async () => (await ask(admin, '/live')).status === 503, 'all to hang');
  assert.strictEqual((await ask(admin, '/live')).text, 'all workers in service hang: 2\n');
});

describe('is harmed by nobody', () => {
  test('by no request that is wrong, large, or slow', limit, async (t) => {
    const { admin, port } = await serve(t);
    for (const [method, path, status] of [
      ['POST', '/metrics', 405],
      ['DELETE', '/live', 405],
      ['GET', '/nothing', 404],
      ['GET', '//', 404],
    ]) {
      assert.strictEqual((await ask(admin, path, { method })).status, status, `${method} ${path}`);
    }
    /** Sends bytes, without end if that is wanted, and waits until the connection is closed. */
    const send = (bytes, isEndless) =>
      new Promise((resolve) => {
        let sent = 0;
        let answer = '';
        const socket = net.connect(admin, '127.0.0.1');
        const more = () => {
          while (isEndless && sent < 100e6 && !socket.destroyed) {
            sent += bytes.length;
            if (!socket.write(bytes)) return socket.once('drain', more);
          }
        };
        socket.setEncoding('latin1').on('data', (text) => (answer += text));
        socket.on('error', () => {}).on('close', () => resolve({ sent, answer }));
        socket.write(isEndless ? 'GET /metrics HTTP/1.1\r\n' : bytes);
        more();
      });
    assert.match((await send('nonsense\r\n\r\n')).answer, /^HTTP\/1\.1 400/);
    const { sent } = await send(`X-Header: ${'x'.repeat(8000)}\r\n`, true);
    assert.ok(sent < 100e6, `${sent}`);
    await send('GET /metrics HTTP/1.1\r\nHost: any\r\n'); // It is closed, though the client waits.
    assert.strictEqual((await ask(admin, '/ready')).status, 200);
    assert.match(await get(port), /^\d+$/);
  });

  test('by no thousand of connections', limit, async (t) => {
    const { admin, port } = await serve(t);
    const sockets = Array.from({ length: 1000 }, () => net.connect(admin, '127.0.0.1').on('error', () => {}));
    t.after(() => sockets.forEach((socket) => socket.destroy()));
    await Promise.all(
      sockets.map((socket) => new Promise((resolve) => socket.once('connect', resolve).once('close', resolve))),
    );
    assert.strictEqual((await ask(admin, '/ready')).status, 200);
    assert.ok((await metrics(admin)).size > 30);
    assert.match(await get(port), /^\d+$/);
  });
});

test('a Unix socket, for its user alone, which is removed in the end', limit, async (t) => {
  const folder = scratch(t);
  const file = path.join(folder, 'admin.sock');
  const source = (name) => {
    const cluster = require('cluster');
    if (cluster.isPrimary) {
      const supervisor = cluster.supervise({ workers: 1, admin: name });
      supervisor.once('ready', () => console.log(`admin ${supervisor.admin}`));
      process.stdin.once('data', () => supervisor.stop().then(() => process.stdin.destroy()));
    } else require('http').createServer().listen(0, '127.0.0.1');
  };
  const first = startOurs(t, [write(t, source, file)]);
  await first.line(new RegExp(`^admin ${file}$`));
  assert.strictEqual(fs.statSync(file).mode & 0o777, 0o600);
  assert.strictEqual((await ask(file, '/live')).status, 200);
  // One that is left by somebody who was killed is replaced.
  await kill(first.child.pid);
  assert.ok(fs.existsSync(file));
  const second = startOurs(t, [write(t, source, file)]);
  await second.line(new RegExp(`^admin ${file}$`));
  assert.strictEqual((await ask(file, '/live')).status, 200);
  second.tell('');
  await second.end();
  assert.ok(!fs.existsSync(file));
});

test('a port that is taken, or is none, is an error that says so', limit, async (t) => {
  const server = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  t.after(() => server.close());
  const { port } = server.address();
  const source = (options) => {
    const cluster = require('cluster');
    for (const admin of options) {
      try {
        cluster.supervise({ workers: 1, admin });
      } catch (error) {
        console.log(error.code, error.message);
      }
    }
  };
  const program = startOurs(t, [
    write(t, source, [port, 'localhost:80', '127.0.0.1:99999', -1, {}, '/nowhere/at/all']),
  ]);
  await program.end();
  const lines = program.stdout.trim().split('\n');
  assert.match(
    lines[0],
    new RegExp(`^EADDRINUSE listen EADDRINUSE: address already in use 127.0.0.1:${port}, for the admin port$`),
  );
  for (const line of lines.slice(1, 4)) {
    assert.match(
      line,
      /^ERR_OUT_OF_RANGE The value of "options\.admin" is out of range\. It must be a port, 'HOST:PORT'/,
    );
  }
  assert.match(lines[4], /^ERR_INVALID_ARG_TYPE /);
  assert.match(lines[5], /^E(ACCES|NOENT) /);
  const { code, stderr } = await run(t, [bin, write(t, app), '--admin', 'x'], { env: { PORT: '0' } });
  assert.strictEqual(code, 2);
  assert.match(stderr, /--admin must be a port, HOST:PORT with an IP address, or the path of a Unix socket/);
});
