'use strict';

// Where a worker hangs, and what it does: through Node's inspector, which is never left open.

const assert = require('node:assert');
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const { test } = require('node:test');
const { freePort, get, kill, root, run, scratch, start, startOurs, until, write } = require('./support.js');

const limit = { timeout: 120_000 };
const bin = path.join(root, 'bin', 'cluster-rs.js');

// The third line has the loop. What blocks ends when there is a file `go-on`.
const app = `const fs = require('fs');
const isOver = () => fs.existsSync('go-on');
function hotLoop() { while (!isOver()); }
const wait = "while [ ! -e go-on ]; do sleep 0.05; done";
if (process.env.OWN) process.on('SIGUSR1', () => console.log('own signal'));
require('http')
  .createServer((request, response) => {
    if (request.url === '/hot') hotLoop();
    if (request.url === '/regexp') while (!isOver()) /^(a+)+$/.test('a'.repeat(22) + 'b');
    if (request.url === '/shell') require('child_process').execSync(wait);
    response.end('done');
  })
  .listen(process.env.PORT, '127.0.0.1');
`;

async function serve(t, args, { env } = {}) {
  const folder = scratch(t);
  const file = path.join(folder, 'app.js');
  fs.writeFileSync(file, app);
  const port = await freePort();
  const options = { cwd: folder, env: { XDG_RUNTIME_DIR: folder, PORT: `${port}`, ...env } };
  const program = start(t, [bin, 'app.js', '--name', 'api', '-w', '1', ...args], options);
  const says = (pattern) =>
    until(
      () => pattern.exec(program.stderr),
      () => `${pattern} in: ${program.output}`,
    );
  await says(/ is running with /);
  return {
    file,
    folder,
    /** A request that takes until `goOn`. */
    block: (where) => get(port, { path: where, timeout: 100_000 }).catch(() => {}),
    goOn: () => fs.writeFileSync(path.join(folder, 'go-on'), ''),
    profile: (...words) => run(t, [bin, 'profile', ...words], options),
    startProfile: (...words) => start(t, [bin, 'profile', ...words], options),
    async status() {
      const { stdout } = await run(t, [bin, 'status', 'api', '--json'], options);
      return JSON.parse(stdout).workers;
    },
    /** Waits until no inspector that has been opened is open any more. */
    async isClosed() {
      const ports = [...program.stderr.matchAll(/^Debugger listening on ws:\/\/127\.0\.0\.1:(\d+)/gm)];
      for (const [, inspector] of ports) await until(() => isRefused(Number(inspector)), `${inspector} to be closed`);
      return ports.length;
    },
    port,
    program,
    says,
  };
}

function isRefused(port) {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.on('connect', () => resolve(false)).on('error', () => resolve(true));
    socket.on('connect', () => socket.destroy());
  });
}

test('the line in which a worker hangs is told while it hangs', limit, async (t) => {
  const { block, file, goOn, isClosed, port, program, says, status } = await serve(t, [
    '--hang-report',
    '--hang-timeout',
    '1s',
  ]);
  const blocked = block('/hot');
  await says(/worker 1's event loop has been blocked for \d+ ms in\n/);
  await says(/is being replaced: hang/);
  const frames = program.stderr.split('\n').filter((line) => line.startsWith('cluster-rs:     '));
  assert.ok(
    frames.some((line) => line.startsWith(`cluster-rs:     hotLoop (${file}:3:`)),
    program.output,
  );
  assert.ok(program.stderr.indexOf('hotLoop') < program.stderr.indexOf('is being replaced'));
  assert.ok((await isClosed()) > 0);
  goOn();
  await blocked;
  await until(async () => (await status()).every(({ state }) => state === 'ready'), 'the next worker');
  assert.strictEqual(await get(port), 'done');
});

test('the stack is in the status, and the worker goes on unharmed', limit, async (t) => {
  const program = startOurs(t, [
    write(
      t,
      () => {
        const cluster = require('cluster');
        const fs = require('fs');
        const file = `${__dirname}/go-on`;
        if (cluster.isPrimary) {
          const supervisor = cluster.supervise({ workers: 1, hangTimeout: 1000, hangReport: true });
          supervisor.on('hang', ({ id }, stuckFor, { error, stack }) => {
            const inner = stack.find(({ functionName }) => functionName === 'spin');
            console.log(
              'hang',
              id,
              stuckFor >= 1000,
              error,
              inner.file === __filename,
              inner.line > 1,
              inner.column > 0,
            );
            const { stack: shown } = supervisor.status()[0];
            console.log('status', shown.length === stack.length);
            fs.writeFileSync(file, '');
          });
          cluster.on('message', () => {
            const timer = setInterval(() => {
              if (supervisor.status()[0].stack) return;
              clearInterval(timer);
              console.log('goes on');
              supervisor.stop();
            }, 50).unref();
          });
          return;
        }
        function spin() {
          while (!fs.existsSync(file));
        }
        require('net')
          .createServer()
          .listen(0, '127.0.0.1', () => {
            setTimeout(() => {
              spin();
              process.send('done');
            }, 10);
          });
      },
      {},
    ),
  ]);
  assert.strictEqual(await program.end(), 0, program.output);
  assert.deepStrictEqual(program.stdout.split('\n').slice(0, -1), [
    'hang 1 true undefined true true true',
    'status true',
    'goes on',
  ]);
});

test('a regular expression that takes for ever is named', limit, async (t) => {
  const { block, file, goOn, isClosed, says } = await serve(t, ['--hang-report', '--hang-timeout', '1s']);
  const blocked = block('/regexp');
  const [text] = await says(/blocked for \d+ ms in\n(cluster-rs: {5}.*\n)+/);
  assert.match(text, new RegExp(`${file}:9:`));
  await isClosed();
  goOn();
  await blocked;
});

test('what is blocked outside of JavaScript is told so, and its inspector does not stay open', limit, async (t) => {
  const { block, goOn, isClosed, port, profile, program } = await serve(t, []);
  const blocked = block('/shell');
  const { code, stderr } = await profile('1', '--heap');
  assert.strictEqual(code, 1);
  assert.match(stderr, /worker 1 can't be looked into: it is stopped, or blocked outside of JavaScript$/m);
  goOn();
  await blocked;
  await until(async () => (await isClosed()) > 0, 'an inspector that is opened late');
  assert.strictEqual(await get(port), 'done', program.output);
});

test('one that hangs outside of JavaScript is replaced without a report', limit, async (t) => {
  const { block, goOn, says } = await serve(t, ['--hang-report', '--hang-timeout', '1s']);
  const blocked = block('/shell');
  await says(/can't be looked into: it is stopped, or blocked outside of JavaScript\n.* is being replaced: hang/);
  goOn();
  await blocked;
});

test("a program's own listener for SIGUSR1 hears nothing", limit, async (t) => {
  const options = ['--hang-report', '--hang-timeout', '1s'];
  const { block, goOn, profile, program, says } = await serve(t, options, { env: { OWN: '1' } });
  const { code, stderr } = await profile('1', '--heap');
  assert.strictEqual(code, 1);
  assert.match(stderr, /worker 1 can't be looked into: its program has a listener for SIGUSR1/);
  const blocked = block('/hot');
  await says(/^cluster-rs: worker 1 can't be looked into: its program has a listener for SIGUSR1$/m);
  goOn();
  await blocked;
  assert.doesNotMatch(program.output, /own signal/);
});

test('profiles are files that Chrome opens', limit, async (t) => {
  const { block, folder, goOn, isClosed, port, profile } = await serve(t, []);
  const heap = await profile('api', '1', '--heap', '--out', 'a.heapsnapshot');
  assert.strictEqual(heap.stdout, `${path.join(folder, 'a.heapsnapshot')}\n`, heap.stderr);
  const { snapshot, nodes } = JSON.parse(fs.readFileSync(path.join(folder, 'a.heapsnapshot'), 'utf8'));
  assert.strictEqual(nodes.length, snapshot.node_count * snapshot.meta.node_fields.length);

  const blocked = block('/hot');
  const cpu = await profile('1', '--cpu', '300ms');
  assert.match(cpu.stdout, /\/api-1-\d{8}-\d{6}\.cpuprofile\n$/, cpu.stderr);
  const { nodes: called, samples } = JSON.parse(fs.readFileSync(cpu.stdout.trim(), 'utf8'));
  const ours = called.filter(({ callFrame }) => callFrame.url.endsWith('/app.js')).map(({ id }) => id);
  assert.ok(ours.length > 0 && samples.length > 0, JSON.stringify(called));
  goOn();
  await blocked;
  assert.strictEqual(await get(port), 'done');
  assert.ok((await isClosed()) >= 2);
  assert.deepStrictEqual(
    fs.readdirSync(folder).filter((name) => name.endsWith('.part')),
    [],
  );
});

test('a profile can be cut short, and its worker can end', limit, async (t) => {
  const { folder, isClosed, program, startProfile, status } = await serve(t, []);
  const cut = startProfile('1', '--cpu', '1h', '--out', 'cut.cpuprofile');
  const isBegun = (name) => until(() => fs.existsSync(path.join(folder, `${name}.part`)), `${name} to begin`);
  await isBegun('cut.cpuprofile');
  await until(() => (program.stderr.match(/Debugger attached/g) ?? []).length === 1, 'a debugger');
  cut.child.kill('SIGINT');
  assert.strictEqual(await cut.end(), 0, cut.output);
  assert.ok(JSON.parse(fs.readFileSync(path.join(folder, 'cut.cpuprofile'), 'utf8')).nodes.length > 0);
  await isClosed();

  const twice = startProfile('1', '--cpu', '1h', '--out', 'dead.cpuprofile');
  await isBegun('dead.cpuprofile');
  const second = startProfile('1', '--heap');
  assert.strictEqual(await second.end(), 1);
  assert.match(second.stderr, /worker 1 can't be looked into: it is being inspected already/);
  const [worker] = await status();
  await kill(worker.pid);
  assert.strictEqual(await twice.end(), 1);
  assert.match(twice.stderr, /dead\.cpuprofile can't be written: the process has ended/);
  assert.strictEqual(fs.existsSync(path.join(folder, 'dead.cpuprofile.part')), false);
});

test('what is asked wrongly is said', limit, async (t) => {
  const { profile } = await serve(t, []);
  for (const [words, code, message] of [
    [['api', 'x', '--heap'], 2, /missing worker: profile \[NAME\] ID/],
    [['api', '1'], 2, /missing kind of profile: --cpu TIME such as 10s, or --heap/],
    [['api', '1', '--cpu', '1s', '--heap'], 2, /missing kind of profile/],
    [['api', '1', '--cpu', 'soon'], 2, /--cpu must be a time such as 10s, not "soon"/],
    [['api', '9', '--heap'], 1, /worker 9 can't be looked into: there is none/],
    [['api', '1', '--heap', '--out', '/nowhere/x'], 1, /\/nowhere\/x can't be written: ENOENT/],
  ]) {
    const found = await profile(...words);
    assert.strictEqual(found.code, code, found.stderr);
    assert.match(found.stderr, message);
  }
  const alone = await run(t, [bin, 'app.js', '--hang-report'], { cwd: path.dirname(write(t, '')) });
  assert.strictEqual(alone.code, 2);
  assert.match(alone.stderr, /missing --hang-timeout TIME: --hang-report is about workers that exceed it/);
  const program = startOurs(t, [
    write(t, () => {
      try {
        require('cluster').supervise({ hangReport: true });
      } catch ({ code, message }) {
        console.log(code, message);
      }
    }),
  ]);
  assert.strictEqual(await program.end(), 0);
  assert.match(program.stdout, /^ERR_INVALID_ARG_VALUE The property 'options.hangReport' needs options.hangTimeout/);
});
