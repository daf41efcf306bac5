'use strict';

// All the ways to load the package, and what programs see of it.

const assert = require('node:assert');
const { describe, it } = require('node:test');
const fs = require('node:fs');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const { register, root, run, scratch, write } = require('./support.js');

const timeout = 60_000;

/** Prints what the primary and its worker see, and the answer of the worker's server. */
const about = `
  function about(name) {
    console.log(JSON.stringify({
      name,
      native: cluster.native,
      execArgv: process.execArgv,
      options: process.env.NODE_OPTIONS,
      argv: process.argv.slice(2),
      left: Object.keys(process.env).filter((name) => /^(CLUSTER_RS|NODE_UNIQUE_ID|NODE_CHANNEL)/.test(name)),
      folder: process.cwd(),
    }));
  }
  if (cluster.isPrimary) {
    about('primary');
    if (process.env.FOLDER) cluster.setupPrimary({ cwd: process.env.FOLDER });
    const worker = cluster.fork();
    worker.on('listening', ({ port }) => {
      http.get({ port, host: '127.0.0.1', agent: false }, (response) => {
        response.on('data', (text) => console.log(String(text))).on('end', () => worker.disconnect());
      });
    });
  } else {
    about('worker');
    http.createServer((request, response) => response.end('served')).listen(0, '127.0.0.1');
  }
`;

/** A project that has the package in its node_modules. */
function makeProject(t, files, place = (target) => fs.symlinkSync(root, target)) {
  const folder = scratch(t);
  fs.mkdirSync(path.join(folder, 'node_modules'));
  place(path.join(folder, 'node_modules', 'cluster-rs'));
  for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(folder, name), text);
  return folder;
}

const commonjs = `const cluster = require('cluster');\nconst http = require('node:http');\n${about}`;
const esm = `import cluster from 'node:cluster';\nimport http from 'node:http';\n${about}`;

function parse(stdout) {
  const lines = stdout.trim().split('\n');
  const facts = lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
  return { primary: facts[0], worker: facts[1], served: lines.includes('served'), processes: facts.length };
}

async function assertServed(t, args, { cwd, env, native = true, execArgv = [], stderr = '' }) {
  const result = await run(t, args, { cwd, env });
  assert.strictEqual(result.stderr, stderr);
  assert.strictEqual(result.code, 0);
  const { primary, worker, served, processes } = parse(result.stdout);
  assert.ok(served);
  assert.strictEqual(processes, 2);
  for (const one of [primary, worker]) {
    assert.strictEqual(one.native, native);
    assert.deepStrictEqual(one.left, [], 'variables');
    assert.deepStrictEqual(one.execArgv, execArgv);
    assert.strictEqual(one.options, env?.NODE_OPTIONS);
  }
  return { primary, worker };
}

describe('before an unchanged program', () => {
  const url = pathToFileURL(register).href;
  const name = 'cluster-rs/register';
  const relative = './node_modules/cluster-rs/register.js';
  const ways = [
    { args: ['-r', register] },
    { args: ['-r', name] },
    { args: ['-r', relative] },
    { args: ['--require', name] },
    { args: [`--require=${register}`] },
    { args: ['--import', name] },
    { args: ['--import', url] },
    { args: [`--import=${name}`] },
    { args: ['-r', name, '-r', register] },
    { args: ['-r', name, '--import', url] },
    { args: [], env: { NODE_OPTIONS: `-r ${register}` } },
    { args: [], env: { NODE_OPTIONS: `--require=${name}` } },
    { args: [], env: { NODE_OPTIONS: `--import ${url}` } },
    { args: [], env: { NODE_OPTIONS: `--import=${name} --require ${register}` } },
    { args: ['-r', name], env: { NODE_OPTIONS: `-r ${register}` } },
    { args: ['--no-deprecation', '-r', name, '--stack-size=900'], execArgv: ['--no-deprecation', '--stack-size=900'] },
  ];
  for (const { args, env, execArgv } of ways) {
    for (const program of ['app.js', 'app.mjs']) {
      it(
        `${env ? `NODE_OPTIONS='${env.NODE_OPTIONS}' ` : ''}node ${[...args, program].join(' ')}`.replaceAll(
          root,
          '<root>',
        ),
        { timeout },
        async (t) => {
          const cwd = makeProject(t, { 'app.js': commonjs, 'app.mjs': esm });
          await assertServed(t, [...args, program, 'an argument'], { cwd, env, execArgv });
        },
      );
    }
  }

  for (const way of [name, relative]) {
    it(`-r ${way}, with workers in another folder`, { timeout }, async (t) => {
      const cwd = makeProject(t, { 'app.js': commonjs });
      const elsewhere = scratch(t);
      const { primary, worker } = await assertServed(t, ['-r', way, path.join(cwd, 'app.js')], {
        cwd,
        env: { FOLDER: elsewhere },
      });
      assert.strictEqual(primary.folder, cwd);
      assert.strictEqual(worker.folder, elsewhere);
    });
  }

  it('the program’s own preloads stay, in their order', { timeout }, async (t) => {
    const own = (text) => `console.log(${JSON.stringify(text)}, require('cluster').native === true);`;
    const cwd = makeProject(t, { 'app.js': commonjs, 'one.js': own('one'), 'two.js': own('two') });
    const args = ['-r', './one.js', '-r', 'cluster-rs/register', '-r', './two.js', 'app.js'];
    const { stdout, stderr } = await run(t, args, { cwd });
    assert.strictEqual(stderr, '');
    const { primary, worker, served } = parse(stdout);
    assert.ok(served);
    for (const one of [primary, worker]) assert.deepStrictEqual(one.execArgv, ['-r', './one.js', '-r', './two.js']);
    const lines = stdout.split('\n').filter((line) => /^(one|two)/.test(line));
    // In a worker, ours is the first.
    assert.deepStrictEqual(lines, ['one false', 'two true', 'one true', 'two true']);
  });
});

describe('by a program that asks for it', () => {
  const ask = {
    'require.js': `const cluster = require('cluster-rs');\nconst http = require('node:http');\n${about}`,
    'path.js': `const cluster = require(${JSON.stringify(root)});\nconst http = require('node:http');\n${about}`,
    'register.js': `require('cluster-rs/register');\n${commonjs}`,
    'import.mjs': `import cluster from 'cluster-rs';\nimport http from 'node:http';\n${about}`,
    'import-register.mjs': `import 'cluster-rs/register';\n${esm}`,
    'dynamic.mjs': `const { default: cluster } = await import('cluster-rs');\nimport http from 'node:http';\n${about}`,
  };
  for (const program of Object.keys(ask)) {
    it(program, { timeout }, async (t) => {
      await assertServed(t, [program], { cwd: makeProject(t, ask) });
    });
    it(`${program}, with -r`, { timeout }, async (t) => {
      await assertServed(t, ['-r', 'cluster-rs/register', program], { cwd: makeProject(t, ask) });
    });
  }
});

describe('it is the built-in module', () => {
  const names = [
    'SCHED_NONE',
    'SCHED_RR',
    'Worker',
    'default',
    'disconnect',
    'fork',
    'isMaster',
    'isPrimary',
    'isWorker',
  ];
  const more = ['schedulingPolicy', 'settings', 'setupMaster', 'setupPrimary', 'workers'];

  it('require gives one object, whatever it is called', { timeout }, async (t) => {
    const program = `
      const before = require('node:cluster');
      const { fork } = before;
      const cluster = require('cluster-rs');
      const assert = require('node:assert');
      const EventEmitter = require('node:events');
      assert.strictEqual(cluster, before);
      assert.strictEqual(cluster, require('node:cluster'));
      assert.strictEqual(cluster, require('cluster'));
      assert.strictEqual(cluster, process.getBuiltinModule?.('cluster') ?? cluster);
      assert.notStrictEqual(cluster.fork, fork);
      assert.ok(cluster instanceof EventEmitter);
      assert.strictEqual(cluster.native, true);
      console.log('fine');
    `;
    const { stdout, stderr } = await run(t, ['app.js'], { cwd: makeProject(t, { 'app.js': program }) });
    assert.strictEqual(stderr, '');
    assert.strictEqual(stdout, 'fine\n');
  });

  it('import by names', { timeout }, async (t) => {
    const list = [...names, ...more].filter((name) => name !== 'default').join(', ');
    const program = `
      import ours from 'cluster-rs';
      import * as all from 'node:cluster';
      import * as named from 'cluster-rs';
      import cluster, { ${list} } from 'node:cluster';
      import { fork as sameFork, isPrimary as sameIsPrimary } from 'cluster-rs';
      import assert from 'node:assert';
      assert.strictEqual(ours, cluster);
      assert.strictEqual(fork, cluster.fork);
      assert.strictEqual(sameIsPrimary, isPrimary);
      const values = { ${list} };
      for (const [name, value] of Object.entries(values)) assert.strictEqual(value, cluster[name], name);
      for (const name of ${JSON.stringify([...names, ...more])}) assert.ok(name in all, name);
      assert.ok(isPrimary && isMaster && !isWorker);
      assert.strictEqual(sameFork, cluster.fork);
      const properties = Object.getOwnPropertyNames(cluster).filter((name) => !name.startsWith('_'));
      assert.deepStrictEqual(properties.filter((name) => !(name in named)), []);
      console.log('fine');
    `;
    for (const args of [[], ['-r', 'cluster-rs/register'], ['--import', 'cluster-rs/register']]) {
      const { stdout, stderr } = await run(t, [...args, 'app.mjs'], { cwd: makeProject(t, { 'app.mjs': program }) });
      assert.strictEqual(stderr, '');
      assert.strictEqual(stdout, 'fine\n');
    }
  });

  it('import by names in a worker', { timeout }, async (t) => {
    const primary = `import { fork, setupPrimary } from 'node:cluster'; setupPrimary({ exec: 'worker.mjs' }); fork();`;
    const worker = `
      import cluster, { worker, isWorker, isPrimary, Worker } from 'node:cluster';
      import assert from 'node:assert';
      assert.ok(isWorker && !isPrimary);
      assert.strictEqual(worker, cluster.worker);
      assert.ok(worker instanceof Worker);
      assert.strictEqual(worker.id, 1);
      assert.strictEqual(cluster.native, true);
      console.log('fine');
      process.disconnect();
    `;
    const cwd = makeProject(t, { 'app.mjs': primary, 'worker.mjs': worker });
    const { stdout, stderr } = await run(t, ['-r', 'cluster-rs/register', 'app.mjs'], { cwd });
    assert.strictEqual(stderr, '');
    assert.strictEqual(stdout, 'fine\n');
  });
});

it('a worker that can not load the addon says so, and ends', { timeout }, async (t) => {
  const permission = process.allowedNodeEnvironmentFlags.has('--permission')
    ? '--permission'
    : '--experimental-permission';
  const program = `
    const cluster = require('node:cluster');
    cluster.setupPrimary({ execArgv: ['${permission}', '--allow-fs-read=*'] });
    if (cluster.isPrimary) cluster.fork().on('exit', (code) => console.log('exit', code));
    else setInterval(() => {}, 1000);
  `;
  const { stdout, stderr } = await run(t, ['-r', register, write(t, program)], {});
  assert.strictEqual(stdout, 'exit 1\n');
  assert.match(stderr, /--allow-addons[^]*code: 'ERR_CLUSTER_RS_NO_ADDON'/);
});

it('a worker of a primary that speaks another language says so, and ends', { timeout }, async (t) => {
  const env = { CLUSTER_RS_WORKER: '3,4,5,json,0', NODE_UNIQUE_ID: '1' };
  const { stderr, code } = await run(t, ['-r', register, '-e', '0'], { env });
  assert.strictEqual(code, 1);
  assert.match(stderr, /code: 'ERR_CLUSTER_RS_OTHER_VERSION'/);
});

it('too late: the built-in module has forked', { timeout }, async (t) => {
  const program = `
    const cluster = require('node:cluster');
    if (cluster.isPrimary) {
      const worker = cluster.fork();
      for (const name of ['cluster-rs', 'cluster-rs/register']) {
        try {
          require(name);
        } catch (error) {
          console.log(error.code, error instanceof Error, /forked/.test(error.message));
        }
      }
      // The built-in module goes on.
      worker.on('message', (message) => console.log(message));
      worker.on('exit', (code) => console.log('exit', code));
    } else {
      process.send('from the worker', () => process.disconnect());
    }
  `;
  const { stdout, stderr } = await run(t, ['app.js'], { cwd: makeProject(t, { 'app.js': program }) });
  assert.strictEqual(stderr, '');
  assert.strictEqual(stdout, `${'ERR_CLUSTER_RS_LATE true true\n'.repeat(2)}from the worker\nexit 0\n`);
});

describe('in a thread', () => {
  const program = `
    const { isMainThread, Worker } = require('node:worker_threads');
    const cluster = require('node:cluster');
    if (isMainThread) {
      new Worker(__filename, { argv: process.argv.slice(2) }).on('exit', (code) => console.log('thread exit', code));
    } else {
      if (process.argv[2] === 'ask') {
        require('cluster-rs');
        require('cluster-rs');
      }
      console.log('thread', cluster.native, cluster.isPrimary);
    }
    console.log(isMainThread ? 'main' : 'thread', cluster.native);
  `;
  const warnings = (stderr) => stderr.match(/\[CLUSTER_RS_FALLBACK\]/g)?.length ?? 0;

  it('the preload says nothing', { timeout }, async (t) => {
    const cwd = makeProject(t, { 'app.js': program });
    for (const option of ['-r', '--import']) {
      const { stdout, stderr, code } = await run(t, [option, 'cluster-rs/register', 'app.js'], { cwd });
      assert.strictEqual(stderr, '');
      assert.strictEqual(code, 0);
      assert.match(stdout, /^main true\n/);
      assert.match(stdout, /thread exit 0\n$/);
    }
  });

  it('one that asks gets the built-in module, and one warning', { timeout }, async (t) => {
    const cwd = makeProject(t, { 'app.js': program });
    for (const args of [[], ['-r', 'cluster-rs/register']]) {
      const { stdout, stderr, code } = await run(t, [...args, 'app.js', 'ask'], { cwd });
      assert.strictEqual(code, 0);
      assert.strictEqual(warnings(stderr), 1, stderr);
      assert.match(stdout, /^thread false true$/m);
    }
  });
});

describe('without its binary, the built-in module serves', () => {
  const copy = (target) => {
    fs.mkdirSync(target);
    for (const name of ['package.json', 'index.js', 'register.js', 'lib', 'native']) {
      fs.cpSync(path.join(root, name), path.join(target, name), {
        recursive: true,
        filter: (file) => !file.endsWith('.node'),
      });
    }
  };
  const withoutFolder = (target) => {
    copy(target);
    fs.rmSync(path.join(target, 'native'), { recursive: true });
  };
  const ask = `const cluster = require('cluster-rs');\nconst http = require('node:http');\n${about}`;

  for (const [what, place] of [
    ['the binary is missing', copy],
    ['the whole folder is missing', withoutFolder],
  ]) {
    for (const args of [
      ['-r', 'cluster-rs/register', 'app.js'],
      ['--import', 'cluster-rs/register', 'app.mjs'],
      ['ask.js'],
    ]) {
      it(`${what}: node ${args.join(' ')}`, { timeout }, async (t) => {
        const cwd = makeProject(t, { 'app.js': commonjs, 'app.mjs': esm, 'ask.js': ask }, place);
        const { stdout, stderr, code } = await run(t, args, { cwd });
        assert.strictEqual(code, 0, stderr);
        const { primary, worker, served } = parse(stdout);
        assert.ok(served);
        assert.strictEqual(primary.native, false);
        assert.strictEqual(worker.native, false);
        const warnings = stderr.split('\n').filter((line) => line.includes('CLUSTER_RS_FALLBACK'));
        assert.strictEqual(warnings.length, 1, stderr);
        assert.match(warnings[0], /its package cluster-rs-linux-\S+ is not installed/);
      });
    }
  }
});
