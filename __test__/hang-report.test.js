'use strict';

// What can be seen of a worker that hangs, and what can't; what else it does is not disturbed.

const assert = require('node:assert');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { openInspector } = require('../lib/inspector/index.js');
const { descriptorsOf, isAlive, kill, root, scratch, start, startOurs, until } = require('./support.js');

const limit = { timeout: 120_000 };
const hasSwitch = process.allowedNodeEnvironmentFlags.has('--permission');

// The ports of 127.0.0.1 that a process listens on.
function portsOf(pid) {
  const own = new Set(descriptorsOf(pid).values());
  const lines = fs.readFileSync(`/proc/${pid}/net/tcp`, 'latin1').trim().split('\n').slice(1);
  const columns = lines.map((line) => line.trim().split(/ +/));
  return columns
    .filter(([, local, , state]) => state === '0A' && local.startsWith('0100007F:'))
    .filter((column) => own.has(`socket:[${column[9]}]`))
    .map(([, local]) => parseInt(local.slice(9), 16));
}

// Each hangs in the line that has its name. Those that can end do so when there is a file `go-on`.
const app = `const cluster = require('cluster');
const fs = require('fs');
const hangs = {
  loop() { while (!fs.existsSync('go-on')); },
  regexp() { /^(a+)+$/.test('a'.repeat(60) + 'b'); },
  wait() { Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0); },
  hash() { require('crypto').pbkdf2Sync('a', 'b', 2 ** 31 - 1, 64, 'sha512'); },
};
if (cluster.isPrimary) {
  cluster.setupPrimary({ execArgv: JSON.parse(process.env.EXEC_ARGV || '[]') });
  const supervisor = cluster.supervise({ workers: 1, hangTimeout: 1000, hangReport: true });
  supervisor.on('hang', ({ process: { pid } }, stuckFor, { error, stack = [] }) => {
    const frame = stack.find(({ file }) => file === __filename);
    console.log('hang', pid, error ? error.message : frame.functionName + ':' + frame.line);
  });
} else {
  const open = require('net').createServer();
  open.listen({ port: 0, host: '127.0.0.1', exclusive: process.env.EXCLUSIVE === '1' }, () => setTimeout(() => {
    hangs[process.env.HANG]();
    console.log('goes on', process.pid);
  }, 10));
}
`;

/** Starts a program whose worker hangs; gives what is said of that. */
async function hang(t, name, { env, execArgv = [] } = {}) {
  const folder = scratch(t);
  const file = path.join(folder, 'app.js');
  fs.writeFileSync(file, app);
  const variables = { HANG: name, EXEC_ARGV: JSON.stringify(execArgv), ...env };
  const program = startOurs(t, [file], { cwd: folder, env: variables });
  const [, pid, said] = await program.line(/^hang (\d+) (.*)$/);
  return { goOn: () => fs.writeFileSync(path.join(folder, 'go-on'), ''), pid: Number(pid), program, said };
}

for (const [name, line] of [
  ['loop', 4],
  ['regexp', 5],
  ['wait', 6],
]) {
  test(`the line is named: ${name}`, limit, async (t) => {
    const { pid, said } = await hang(t, name);
    assert.strictEqual(said, `${name}:${line}`);
    await until(() => portsOf(pid).length === 0, 'the inspector to be closed');
    assert.ok(isAlive(pid));
  });
}

test("what can't be interrupted is said to be outside of JavaScript", limit, async (t) => {
  const { pid, said } = await hang(t, 'hash');
  assert.strictEqual(said, "worker 1 can't be looked into: it is stopped, or blocked outside of JavaScript");
  assert.deepStrictEqual(portsOf(pid), []);
  assert.ok(isAlive(pid));
});

test('a worker goes on, with no inspector open', limit, async (t) => {
  const { goOn, pid, program, said } = await hang(t, 'loop');
  assert.strictEqual(said, 'loop:4');
  goOn();
  await program.line(new RegExp(`^goes on ${pid}$`));
  await until(() => portsOf(pid).length === 0, 'the inspector to be closed');
});

test("a server that can't answer is not taken for the inspector", limit, async (t) => {
  const { goOn, pid, program, said } = await hang(t, 'loop', { env: { EXCLUSIVE: '1' } });
  assert.strictEqual(said, 'loop:4');
  goOn();
  await program.line(/^goes on/);
  await until(() => portsOf(pid).length === 1, 'only its own port to be open');
});

test('an inspector that the program has opened is left alone', limit, async (t) => {
  const { pid, said } = await hang(t, 'loop', { execArgv: ['--inspect=0'] });
  assert.strictEqual(said, "worker 1 can't be looked into: its inspector is open already");
  assert.strictEqual(portsOf(pid).length, 1);
});

const noSigusr1 = { ...limit, skip: !hasSwitch && 'Node 22 has the option' };
test('a worker without an inspector is not sent the signal', noSigusr1, async (t) => {
  const { pid, said } = await hang(t, 'loop', { execArgv: ['--disable-sigusr1'] });
  assert.match(said, /worker 1 can't be looked into: it has no inspector, as under the permission model/);
  const pending = /^ShdPnd:\t(.*)$/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'latin1'))[1];
  assert.strictEqual(BigInt(`0x${pending}`), 0n);
});

test('a process that does not handle the signal yet is not ended by it', limit, async () => {
  const sleeping = spawn('sleep', ['1000'], { stdio: 'ignore' });
  const exited = once(sleeping, 'exit');
  await assert.rejects(openInspector(sleeping.pid, 1000), /has only just started/);
  sleeping.kill('SIGTERM');
  assert.deepStrictEqual(await exited, [null, 'SIGTERM']);
});

test('a program goes on if who looks into it dies meanwhile', limit, async (t) => {
  const folder = scratch(t);
  const goOn = path.join(folder, 'go-on');
  const program = start(t, ['-e', `console.log('hangs'); while (!fs.existsSync('go-on')); console.log('goes on')`], {
    cwd: folder,
  });
  await program.line(/^hangs$/);
  const looking = start(t, [
    '-e',
    `const { openInspector } = require(${JSON.stringify(path.join(root, 'lib/inspector/index.js'))});
     const { openSession } = require(${JSON.stringify(path.join(root, 'lib/inspector/session.js'))});
     setInterval(() => {}, 1000);
     (async () => {
       const session = await openSession((await openInspector(${program.pid}, 30_000)).url);
       session.on('Debugger.paused', () => console.log('paused'));
       await session.send('Debugger.enable');
       session.send('Debugger.pause');
     })();`,
  ]);
  await looking.line(/^paused$/);
  fs.writeFileSync(goOn, '');
  await kill(looking.pid);
  assert.strictEqual(await program.end(), 0, program.output);
  assert.strictEqual(program.stdout, 'hangs\ngoes on\n');
});
