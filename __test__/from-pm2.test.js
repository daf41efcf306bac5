'use strict';

// Applications that were written for PM2, under our command, with their files as they are.

const assert = require('node:assert');
const { execFile } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { promisify } = require('node:util');
const { format } = require('../lib/command/pm2/dates.js');
const { cleanEnvironment, freePort, get, gone, kill, root, run, scratch, start, until } = require('./support.js');

const limit = { timeout: 180_000 };
const bin = path.join(root, 'bin', 'cluster-rs.js');
const cli = path.join(path.dirname(require.resolve('pm2/package.json')), 'bin', 'pm2');

/** An application in a folder of its own, which it may write to; the command there. */
async function place(t, name) {
  const all = scratch(t);
  fs.cpSync(path.join(__dirname, 'from-pm2'), all, { recursive: true });
  fs.symlinkSync(path.resolve(__dirname, '../node_modules'), path.join(all, 'node_modules'));
  const folder = path.join(all, name);
  const port = await freePort();
  const options = { cwd: folder, env: { XDG_RUNTIME_DIR: all, PORT: `${port}` } };
  const command = (...args) => run(t, [bin, ...args], options);
  const serve = async (names, ...args) => {
    const program = start(t, [bin, ...args], options);
    const isRunning = (one) => new RegExp(`^cluster-rs: ${one} is running with `, 'm').test(program.stderr);
    await until(
      () => names.every(isRunning) || program.child.exitCode !== null,
      () => `a start of ${program.output}`,
    );
    return program;
  };
  return { folder, port, command, serve };
}

const factsAt = async (port) => JSON.parse(await get(port, { path: '/facts' }));

/** What the workers see, by their numbers: as often as it takes to hear of both. */
async function factsOf(port) {
  const found = {};
  await until(
    async () => {
      const facts = await factsAt(port).catch(() => undefined);
      if (facts) found[facts.env.NODE_APP_INSTANCE] = facts;
      return '0' in found && '1' in found;
    },
    () => `facts of two workers: ${JSON.stringify(found)}`,
  );
  return found;
}

/** What they see under PM2 itself, with a daemon of its own. */
async function factsUnderPm2(t, folder, ...args) {
  const home = scratch(t);
  const port = await freePort();
  const env = {
    ...cleanEnvironment(),
    PM2_HOME: home,
    PM2_DISCRETE_MODE: 'true',
    PM2_DISABLE_VERSION_CHECK: 'true',
    PORT: `${port}`,
  };
  const pm2 = (...words) => promisify(execFile)(process.execPath, [cli, ...words], { cwd: folder, env });
  try {
    await pm2('start', ...args);
    const found = await factsOf(port);
    for (const { env: variables } of Object.values(found)) assert.strictEqual(variables.PORT, `${port}`);
    return found;
  } finally {
    const daemon = Number(fs.readFileSync(path.join(home, 'pm2.pid')));
    await pm2('delete', 'all');
    await kill(daemon, 'SIGTERM');
    await gone([daemon]);
  }
}

/** The same, but for the port. */
function comparable(found, port) {
  return JSON.parse(JSON.stringify(found).replaceAll(`"PORT":"${port}"`, '"PORT":"PORT"'));
}

async function assertSame(t, { folder, port }, file, ...args) {
  const ours = comparable(await factsOf(port), port);
  const theirs = await factsUnderPm2(t, folder, file, ...args);
  const [{ env }] = Object.values(theirs);
  assert.deepStrictEqual(ours, comparable(theirs, env.PORT));
}

/** Reloads while clients ask, on connections of their own and on kept-alive ones; gives how many questions failed. */
async function failedDuring(act, port) {
  const http = require('node:http');
  let isOver = false;
  let failed = 0;
  let answered = 0;
  const agent = new http.Agent({ keepAlive: true });
  const client = async (options) => {
    while (!isOver) {
      await get(port, options).then(
        () => answered++,
        () => failed++,
      );
    }
  };
  const clients = [client(), client(), client({ agent }), client({ agent })];
  await act().finally(() => (isOver = true));
  await Promise.all(clients);
  agent.destroy();
  assert.ok(answered > 0);
  return failed;
}

test('a shop with wait_ready, SIGINT, log files and env_production', limit, async (t) => {
  const shop = await place(t, 'shop');
  const { folder, port, command, serve } = shop;
  const program = await serve(['shop-api'], 'ecosystem.config.js', '--env', 'production');
  assert.match(program.stderr, /^cluster-rs: shop-api: without effect here: merge_logs, vizion$/m);
  await assertSame(t, shop, 'ecosystem.config.js', '--env', 'production');
  assert.strictEqual((await factsAt(port)).limits, '{"perMinute":60}');

  const reload = async () => assert.strictEqual((await command('reload', 'shop-api')).code, 0);
  assert.strictEqual(await failedDuring(reload, port), 0);

  // Each has been told by SIGINT when it had nothing more to do, and has had the time to close.
  const log = (name) =>
    fs
      .readFileSync(path.join(folder, 'logs', name), 'utf8')
      .trim()
      .split('\n');
  const isTimed = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d\d:\d\d: /;
  await until(() => log('error.log').filter((line) => line.endsWith(': closed')).length === 2, 'both to be closed');
  const opened = log('out.log').filter((line) => isTimed.test(line) && line.endsWith(': the database is open'));
  assert.ok(opened.length >= 4, opened.join());
  program.child.kill('SIGTERM');
  assert.strictEqual(await program.end(), 0);
  assert.strictEqual(log('error.log').filter((line) => isTimed.test(line) && line.endsWith(': closed')).length, 4);
});

test('a chat of two applications, of which one listens on nothing', limit, async (t) => {
  const chat = await place(t, 'chat');
  const { port, command, serve } = chat;
  const program = await serve(['chat-web', 'chat-mailer'], 'start', 'ecosystem.config.js');
  await assertSame(t, chat, 'ecosystem.config.js', '--only', 'chat-web');
  await program.line(/^letterbox 10 of instance 0$/);
  await program.line(/^letterbox 11 of instance 1$/);

  const names = JSON.parse((await command('list', '--json')).stdout).map(({ name, size }) => [name, size]);
  assert.deepStrictEqual(names.sort(), [
    ['chat-mailer', 2],
    ['chat-web', 2],
  ]);
  const reload = async () => assert.strictEqual((await command('reload', 'chat-web')).code, 0);
  assert.strictEqual(await failedDuring(reload, port), 0);
  await program.line(/^goodbye$/, 2);

  program.child.kill('SIGINT');
  assert.strictEqual(await program.end(), 0);
  assert.strictEqual(program.lines(/^goodbye$/).length, 4);
});

test('applications end with the command that has started them', limit, async (t) => {
  const { command, serve } = await place(t, 'chat');
  const program = await serve(['chat-web', 'chat-mailer'], 'ecosystem.config.js');
  const pids = JSON.parse((await command('list', '--json')).stdout).map(({ pid }) => pid);
  assert.strictEqual(pids.length, 2);
  await kill(program.child.pid);
  await gone(pids, 20_000);
});

test('a file of JSON with a folder, that knows nothing of signals', limit, async (t) => {
  const legacy = await place(t, 'legacy');
  const { port, command, serve } = legacy;
  const program = await serve(['legacy'], '--config', 'process.json');
  await assertSame(t, legacy, 'process.json');
  const reload = async () => assert.strictEqual((await command('reload')).code, 0);
  assert.strictEqual(await failedDuring(reload, port), 0);
  program.child.kill('SIGTERM');
  assert.strictEqual(await program.end(), 0);
});

const app = { name: 'api', script: 'web.js' };

for (const [what, apps, args, message] of [
  [
    'an unknown key',
    [{ ...app, instancez: 2 }],
    [],
    /unknown key of api in x\.config\.js: instancez; did you mean instances\?/,
  ],
  [
    'a value',
    [{ ...app, instances: 'many' }],
    [],
    /instances of api in x\.config\.js must be a number or 'max', not "many"/,
  ],
  [
    'another interpreter',
    [{ ...app, interpreter: 'python3' }],
    [],
    /interpreter of api .*"python3" can't be followed here: /,
  ],
  [
    'a schedule',
    [{ ...app, cron_restart: '0 0 * * *' }],
    [],
    /cron_restart of api .*cluster-rs reload NAME, or set maxAge/,
  ],
  ['no script', [{ name: 'api' }], [], /missing script: api in x\.config\.js/],
  ['a command line', [{ ...app, script: 'npm start' }], [], /script of api in x\.config\.js is a command line/],
  ['two of one name', [app, app], [], /two applications in x\.config\.js are called api/],
  ['nobody of that name', [app], ['--only', 'web'], /unknown application: web; x\.config\.js has api/],
  [
    'too little memory',
    [{ ...app, max_memory_restart: '5M' }],
    [],
    /maxMemory in api in x\.config\.js must be a size .*at least 32M/,
  ],
  ['no folder', [{ ...app, cwd: 'nowhere' }], [], /missing folder: cwd of api is .*nowhere: ENOENT/],
  ['spares', [app], ['--spares', '1'], /spares have no number for NODE_APP_INSTANCE/],
  ['nothing', [], [], /missing applications: apps in x\.config\.js is empty/],
]) {
  test(`${what} that can not be followed is an error that says what to do`, limit, async (t) => {
    const { folder, command } = await place(t, 'chat');
    fs.writeFileSync(path.join(folder, 'x.config.js'), `module.exports = ${JSON.stringify({ apps })};`);
    const { stderr, code } = await command('x.config.js', ...args);
    assert.match(stderr, message);
    assert.strictEqual(code, 2);
  });
}

test('--env and --only are for files of PM2', limit, async (t) => {
  const { command } = await place(t, 'chat');
  const { stderr, code } = await command('web.js', '--env', 'production');
  assert.match(stderr, /--env is for a file of PM2's: cluster-rs --config ecosystem\.config\.js/);
  assert.strictEqual(code, 2);
});

test('the docs have a row for each key', () => {
  const { KEYS } = require('../lib/command/pm2/keys.js');
  const schema = Object.keys(require('pm2/lib/API/schema.json')).filter((name) => !name.startsWith('^'));
  const missing = schema.filter((name) => !(name in KEYS));
  assert.deepStrictEqual(missing, []);
});

test('times are written as day.js writes them', () => {
  const dayjs = require(require.resolve('dayjs', { paths: [cli] }));
  const patterns = [
    'YYYY-MM-DD HH:mm:ss Z',
    'YYYY-MM-DDTHH:mm:ss',
    'DD/MM/YY hh:mm A ZZ',
    'dddd, D MMMM YYYY H:m:s.SSS',
    'ddd MMM [at] h a',
    'M/D',
  ];
  for (const date of [new Date(2026, 0, 5, 0, 7, 9, 3), new Date(2025, 10, 30, 15, 45, 0, 120)]) {
    for (const pattern of patterns) assert.strictEqual(format(pattern, date), dayjs(date).format(pattern), pattern);
  }
});
