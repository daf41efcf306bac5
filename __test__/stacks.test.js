'use strict';

// Whole stacks as they are deployed, by the command `cluster-rs`: each starts, serves, is reloaded under load, and stops. Their
// packages are large, so they are installed, into a folder of their own, only where this is asked for.

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const { before, describe, it } = require('node:test');
const { cleanEnvironment, freePort, get, root, run, scratch, start, until } = require('./support.js');

// How often each is reloaded.
const reloads = Number(process.env.STACKS ?? 0);
const skip = !(reloads > 0) && 'STACKS=20 node --test __test__/stacks.test.js installs them, and reloads each 20 times';
const timeout = 1_200_000;
const bin = path.join(root, 'bin/cluster-rs.js');
const folder = path.join(root, 'target/stacks');

/** Runs a command that prepares something, and prints what it says if it fails. */
function prepare(file, args, cwd) {
  const env = { ...cleanEnvironment(), NEXT_TELEMETRY_DISABLED: '1', CI: '1' };
  const { status, stdout, stderr, error } = spawnSync(file, args, { cwd, env, encoding: 'utf8', timeout });
  assert.strictEqual(status, 0, `${file} ${args.join(' ')}: ${error ?? ''}${stdout}${stderr}`);
}

/** Installs the packages, unless these are there from the last time, and compiles what has to be compiled. */
function install() {
  fs.cpSync(path.join(__dirname, 'stacks'), folder, { recursive: true });
  const lock = fs.readFileSync(path.join(folder, 'package-lock.json'), 'utf8');
  const installed = path.join(folder, 'node_modules/.installed');
  if (!fs.existsSync(installed) || fs.readFileSync(installed, 'utf8') !== lock) {
    prepare('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], folder);
    fs.writeFileSync(installed, lock);
  }
  prepare(process.execPath, [path.join(folder, 'node_modules/next/dist/bin/next'), 'build'], path.join(folder, 'next'));
}

/** Takes the traces of OpenTelemetry, and counts how often they come. */
async function collector(t) {
  const server = http.createServer((request, response) => {
    server.count++;
    request.resume().on('end', () => response.end());
  });
  server.count = 0;
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return server;
}

/** Clients that ask without a pause until they are told to end, most of them on connections that are kept alive. */
function load(port, paths) {
  const agent = new http.Agent({ keepAlive: true });
  const figures = { answers: 0, failures: [], workers: new Set() };
  let isOver = false;
  const client = async (number) => {
    for (let i = number; !isOver; i++) {
      const options = { path: paths[i % paths.length], agent: number % 4 > 0 ? agent : false };
      const text = await get(port, options).catch((error) => error);
      const [, worker] = /worker\D*(\d+)/.exec(text) ?? [];
      if (worker) figures.answers++;
      else figures.failures.push(text);
      figures.workers.add(worker);
    }
  };
  const clients = Promise.all(Array.from({ length: 16 }, (_, number) => client(number)));
  const end = async () => {
    isOver = true;
    await clients;
    agent.destroy();
    return figures;
  };
  return { figures, end };
}

/** Starts a program, reloads it again and again while it is asked, and stops it. Gives what it has printed. */
async function serve(t, file, { args = [], env = {}, paths = ['/'] } = {}) {
  const runtime = scratch(t);
  const port = await freePort();
  const options = {
    cwd: path.dirname(file),
    env: { NODE_ENV: 'production', XDG_RUNTIME_DIR: runtime, PORT: `${port}`, ...env },
  };
  const program = start(t, [bin, file, '-w', '2', '--name', 'stack', '--grace', '5m', ...args], options);
  const patience = 120_000;
  await until(
    () => / is running with /.test(program.stderr),
    () => `a start of ${program.output}`,
    patience,
  );
  const command = (name) => run(t, [bin, name, 'stack'], options);

  const { figures, end } = load(port, paths);
  for (let i = 0; i < reloads; i++) {
    const { answers } = figures;
    await until(
      () => figures.answers > answers + 20 || figures.failures.length > 0,
      () => `answers of ${program.output}`,
    );
    const { code, stderr } = await command('reload');
    assert.deepStrictEqual([code, stderr], [0, ''], program.output);
  }
  const { answers, failures, workers } = await end();
  assert.deepStrictEqual(failures, []);
  assert.ok(workers.size >= 2 * reloads, `${workers.size} workers have answered`);

  const before = performance.now();
  assert.strictEqual((await command('stop')).code, 0);
  assert.strictEqual(await program.end(), 0, program.output);
  t.diagnostic(`${answers} requests, 0 failed; stopped in ${Math.round(performance.now() - before)} ms`);
  assert.doesNotMatch(program.stderr, /SIGKILL|uncaught/i);
  return program;
}

describe('stacks', { skip, concurrency: 1 }, () => {
  before(install, { timeout });

  it('Next.js with a custom server', { timeout }, async (t) => {
    await serve(t, path.join(folder, 'next/server.mjs'), { paths: ['/', '/slow'] });
  });

  it('NestJS with shutdown hooks', { timeout }, async (t) => {
    const program = await serve(t, path.join(folder, 'nest/main.mjs'));
    const closed = program.lines(/^worker (\d+) has closed the database after SIGTERM$/).map(([, pid]) => pid);
    assert.strictEqual(new Set(closed).size, 2 * reloads + 2, program.output);
  });

  it('Fastify with pino and OpenTelemetry', { timeout }, async (t) => {
    const traces = await collector(t);
    const instrumentation = require.resolve('@opentelemetry/auto-instrumentations-node/register', { paths: [folder] });
    const program = await serve(t, path.join(folder, 'fastify/app.js'), {
      args: [`--node-args=--require ${instrumentation}`],
      env: {
        OTEL_TRACES_EXPORTER: 'otlp',
        OTEL_METRICS_EXPORTER: 'none',
        OTEL_LOGS_EXPORTER: 'none',
        OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${traces.address().port}`,
      },
    });
    assert.ok(program.lines(/"msg":"request completed"/).length > 0);
    assert.ok(traces.count >= 2 * reloads + 2, `${traces.count} times there were traces`);
  });
});
