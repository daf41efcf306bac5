'use strict';

// Something else than Node's own loader reads the package: test runners, bundlers, programs that empty the cache.

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { describe, test } = require('node:test');
const { root, run, scratch } = require('./support.js');

const limit = { timeout: 120_000 };

/** Forks a worker, asks it, sends it a message, and has it leave. */
const program = `
  async function useWorker(cluster) {
    cluster.setupPrimary({ exec: require('node:path').join(__dirname, 'worker.js') });
    const worker = cluster.fork();
    const { port } = await new Promise((resolve) => worker.once('listening', resolve));
    const answer = await fetch('http://127.0.0.1:' + port, { headers: { connection: 'close' } });
    const echo = new Promise((resolve) => worker.once('message', resolve));
    worker.send({ list: [1] });
    const found = [await answer.text(), JSON.stringify(await echo), Object.keys(cluster.workers).length];
    worker.disconnect();
    await new Promise((resolve) => worker.once('exit', resolve));
    return found.join(' ');
  }
`;

const worker = `
  const cluster = require('node:cluster');
  require('node:http').createServer((request, response) => response.end('native ' + Boolean(cluster.native))).listen(0, '127.0.0.1');
  process.once('message', (message) => process.send(message));
`;

const served = (native) => `native ${native} {"list":[1]} 1`;

/** A project with these files, and the package in its node_modules. */
function makeProject(t, files) {
  const folder = scratch(t);
  fs.mkdirSync(path.join(folder, 'node_modules'));
  fs.symlinkSync(root, path.join(folder, 'node_modules', 'cluster-rs'));
  const all = { 'package.json': '{}', 'worker.js': worker, ...files };
  for (const [name, text] of Object.entries(all)) fs.writeFileSync(path.join(folder, name), text);
  return folder;
}

test('a copy that is loaded when the cache has been emptied finds what the first one has done', limit, async (t) => {
  const cwd = makeProject(t, {
    'app.js': `${program}
      (async () => {
        const first = require('cluster-rs');
        console.log(await useWorker(first));
        for (const name of Object.keys(require.cache)) delete require.cache[name];
        const second = require('cluster-rs');
        console.log(second === first, await useWorker(second));
      })();`,
  });
  const { stdout, stderr } = await run(t, ['app.js'], { cwd });
  assert.deepStrictEqual([stdout, stderr], [`${served(true)}\ntrue ${served(true)}\n`, '']);
});

describe('Jest', () => {
  const jest = require.resolve('jest/bin/jest');
  const spec = (load) => `${program}
    test('a worker', async () => {
      ${load}
      expect(cluster).toBe(require('node:cluster'));
      expect(cluster.native).toBe(true);
      expect(await useWorker(cluster)).toBe(${JSON.stringify(served(true))});
    });`;

  // Each file of tests reads the package anew, and what it has read is of no use when it is over.
  for (const [way, load] of [
    ['require', "const cluster = require('cluster-rs');"],
    ['register', "require('cluster-rs/register'); const cluster = require('cluster');"],
    ['resetModules', "require('cluster-rs'); jest.resetModules(); const cluster = require('cluster-rs');"],
  ]) {
    test(`${way}, in several files of one process`, limit, async (t) => {
      const cwd = makeProject(t, { 'a.test.js': spec(load), 'b.test.js': spec(load), 'c.test.js': spec(load) });
      const { stderr, code } = await run(t, [jest, '--runInBand', '--rootDir', cwd, '--no-cache'], { cwd });
      assert.strictEqual(code, 0, stderr);
      assert.match(stderr, /^Tests: +3 passed, 3 total$/m);
    });
  }
});

describe('a bundle that has swallowed the package', () => {
  const esbuild = require('esbuild');
  const app = `${program}
    const cluster = require('cluster-rs');
    useWorker(cluster).then((found) => console.log(cluster.native, found));`;
  const shim = `
    import { createRequire } from 'node:module';
    const require = createRequire(import.meta.url);
    const __dirname = require('node:path').dirname(require('node:url').fileURLToPath(import.meta.url));`;

  async function bundle(t, options) {
    const cwd = makeProject(t, { 'app.js': app });
    fs.mkdirSync(path.join(cwd, 'dist'));
    fs.renameSync(path.join(cwd, 'worker.js'), path.join(cwd, 'dist', 'worker.js'));
    await esbuild.build({
      absWorkingDir: cwd,
      entryPoints: ['app.js'],
      outdir: 'dist',
      bundle: true,
      platform: 'node',
      logLevel: 'silent',
      ...options,
    });
    return path.join(cwd, 'dist');
  }

  for (const [way, options] of [
    ['with the binary beside it', { loader: { '.node': 'copy' } }],
    ['with the address of the binary', { loader: { '.node': 'file' } }],
    ['without the binary', { external: ['*.node'] }],
    [
      'as an ES module',
      { loader: { '.node': 'copy' }, format: 'esm', outExtension: { '.js': '.mjs' }, banner: { js: shim } },
    ],
  ]) {
    test(`${way} says so, and the built-in module serves`, limit, async (t) => {
      const cwd = await bundle(t, options);
      const { stdout, stderr, code } = await run(t, [options.format ? 'app.mjs' : 'app.js'], { cwd });
      assert.deepStrictEqual([stdout, code], [`false ${served(false)}\n`, 0], stderr);
      assert.match(stderr, /\[CLUSTER_RS_FALLBACK\] .*bundled with the program: mark cluster-rs as external/);
      assert.strictEqual(stderr.match(/CLUSTER_RS_FALLBACK/g).length, 1);
    });
  }

  test('as an external one it is the package', limit, async (t) => {
    const cwd = await bundle(t, { external: ['cluster-rs'] });
    const { stdout, stderr } = await run(t, ['app.js'], { cwd });
    assert.deepStrictEqual([stdout, stderr], [`true ${served(true)}\n`, '']);
  });
});
