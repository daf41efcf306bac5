'use strict';

// The package as its users get it: packed, and installed into an empty project.

const assert = require('node:assert');
const { after, before, test } = require('node:test');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { makePathWithoutRust, run } = require('./package/commands.js');

const root = path.join(__dirname, '..');
const minutes = 60_000;

// The smallest program that shows that a connection reaches a worker. It knows nothing of cluster-rs.
const program = `
  if (cluster.isPrimary) {
    const worker = cluster.fork();
    worker.on('listening', ({ port }) => {
      http.get({ host: '127.0.0.1', port, agent: false }, async (response) => {
        console.log(await response.setEncoding('utf8').reduce((all, part) => all + part, ''));
        cluster.disconnect();
      });
    });
  } else {
    const server = http.createServer((request, response) => {
      response.end('answered by worker ' + cluster.worker.id + ', native: ' + Boolean(cluster.native));
    });
    server.listen(0, '127.0.0.1');
  }
`;

let scratch;
let tarball;
let project;
let installed;
let installScript;
let withoutRust;

/** Runs a command in the project, without Rust in reach; fails if the command does, and gives what it printed. */
function inProject(...command) {
  const { status, stdout, stderr } = run(project, command, { PATH: withoutRust });
  assert.strictEqual(status, 0, `${command.join(' ')}\n${stdout}\n${stderr}`);
  return { stdout, stderr };
}

function removeBinary() {
  const folder = path.join(installed, 'native');
  for (const name of fs.readdirSync(folder)) if (name.endsWith('.node')) fs.rmSync(path.join(folder, name));
}

before(() => {
  scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'cluster-rs-package-'));
  withoutRust = makePathWithoutRust(path.join(scratch, 'bin'));

  const packed = run(root, ['npm', 'pack', '--pack-destination', scratch]);
  assert.strictEqual(packed.status, 0, packed.stderr);
  tarball = path.join(
    scratch,
    fs.readdirSync(scratch).find((name) => name.endsWith('.tgz')),
  );

  project = path.join(scratch, 'project');
  installed = path.join(project, 'node_modules', 'cluster-rs');
  installScript = path.join(installed, 'scripts', 'install.js');
  fs.mkdirSync(project);
  fs.writeFileSync(path.join(project, 'package.json'), '{ "private": true }');
  fs.writeFileSync(
    path.join(project, 'app.js'),
    `const cluster = require('cluster');\nconst http = require('http');\n${program}`,
  );
  fs.writeFileSync(
    path.join(project, 'app.mjs'),
    `import cluster from 'node:cluster';\nimport http from 'node:http';\n${program}`,
  );
  inProject('npm', 'install', '--offline', '--no-audit', '--no-fund', tarball);
});

after(() => fs.rmSync(scratch, { recursive: true, force: true }));

test('the package holds what its users need and nothing else', () => {
  const files = fs.readdirSync(installed).sort();
  const expected = [
    'CHANGELOG.md',
    'CONTRIBUTING.md',
    'Cargo.lock',
    'Cargo.toml',
    'LICENSE',
    'README.md',
    'SECURITY.md',
    'bin',
    'build.rs',
    'docs',
    'examples',
    'index.d.ts',
  ];
  expected.push('index.js', 'lib', 'native', 'package.json', 'register.d.ts', 'register.js', 'scripts', 'src');
  assert.deepStrictEqual(files, expected.sort());
  const { dependencies, scripts } = JSON.parse(fs.readFileSync(path.join(installed, 'package.json'), 'utf8'));
  assert.strictEqual(dependencies, undefined);
  assert.strictEqual(scripts.install, 'node scripts/install.js');
});

test('each link of the README leads somewhere in the package', () => {
  const text = fs.readFileSync(path.join(installed, 'README.md'), 'utf8');
  const headings = (file) =>
    [...fs.readFileSync(file, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
      heading
        .toLowerCase()
        .replace(/[^\w -]/g, '')
        .replaceAll(' ', '-'),
    );
  for (const [, link] of text.matchAll(/\]\((?!https:)([^)]+)\)/g)) {
    const [file, heading] = link.split('#');
    const target = path.join(installed, file);
    assert.ok(fs.existsSync(target), `${link}: there is no such file`);
    assert.ok(heading === undefined || headings(target).includes(heading), `${link}: there is no such heading`);
  }
});

test('the request example of the README ends by itself', { timeout: minutes }, () => {
  const text = fs.readFileSync(path.join(installed, 'README.md'), 'utf8');
  const [, program] = /```js\n(.*?)```/s.exec(text);
  fs.writeFileSync(path.join(project, 'request.js'), program);
  assert.deepStrictEqual(inProject('node', 'request.js'), { stdout: 'hello\n', stderr: '' });
});

test('the command is where npx looks for it', { timeout: 2 * minutes }, () => {
  const { stdout } = inProject(path.join(project, 'node_modules', '.bin', 'cluster-rs'), '--version');
  assert.strictEqual(stdout.trim(), require('../package.json').version);
});

test(
  'the path that the documents give to Node is a program, whoever has installed it',
  { timeout: 2 * minutes },
  () => {
    const texts = ['command.md', 'systemd.md'].map((name) =>
      fs.readFileSync(path.join(installed, 'docs', name), 'utf8'),
    );
    const paths = new Set(texts.flatMap((text) => text.match(/node_modules[^\s"`']*/g)));
    assert.deepStrictEqual([...paths], ['node_modules/cluster-rs/bin/cluster-rs.js']); // pnpm's .bin has shell scripts.
    for (const file of paths) {
      assert.strictEqual(inProject('node', file, '--version').stdout.trim(), require('../package.json').version);
    }
  },
);

test('require and import give the module, on the prebuilt binary', { timeout: 2 * minutes }, () => {
  const check = "console.log(cluster.native, cluster === require('node:cluster'));";
  const required = inProject('node', '-e', `const cluster = require('cluster-rs'); ${check}`);
  assert.deepStrictEqual(required, { stdout: 'true true\n', stderr: '' });

  const create = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";
  const script = `import cluster from 'cluster-rs'; ${create} ${check}`;
  const imported = inProject('node', '--input-type=module', '-e', script);
  assert.deepStrictEqual(imported, { stdout: 'true true\n', stderr: '' });
});

for (const [option, file] of [
  ['-r', 'app.js'],
  ['-r', 'app.mjs'],
  ['--import', 'app.js'],
  ['--import', 'app.mjs'],
]) {
  test(`an unchanged program runs under node ${option} cluster-rs/register ${file}`, { timeout: 2 * minutes }, () => {
    const output = inProject('node', option, 'cluster-rs/register', file);
    assert.deepStrictEqual(output, { stdout: 'answered by worker 1, native: true\n', stderr: '' });
  });
}

test(
  'without a binary and without Rust, the built-in module serves, with one warning',
  { timeout: 2 * minutes },
  () => {
    removeBinary();
    const { stderr } = inProject('node', installScript);
    assert.match(stderr, /^cluster-rs: cargo was not found; .*\n$/);

    const script = "require('cluster-rs/register'); console.log(require('cluster-rs').native);";
    const loaded = inProject('node', '-e', script);
    assert.strictEqual(loaded.stdout, 'false\n');
    assert.strictEqual(loaded.stderr.match(/CLUSTER_RS_FALLBACK/g)?.length, 1, loaded.stderr);

    const served = inProject('node', '-r', 'cluster-rs/register', 'app.js');
    assert.strictEqual(served.stdout, 'answered by worker 1, native: false\n');
    assert.strictEqual(served.stderr.match(/CLUSTER_RS_FALLBACK/g)?.length, 1, served.stderr);
  },
);

test('without a binary and with Rust, it is built from source', { timeout: 15 * minutes }, () => {
  removeBinary();
  const quick = { CARGO_BUILD_JOBS: '2', CARGO_PROFILE_RELEASE_LTO: 'off', CARGO_PROFILE_RELEASE_OPT_LEVEL: '0' };
  // A user's own target moves the result to another folder.
  const [, host] = /^host: (.*)$/m.exec(run(project, ['rustc', '-vV']).stdout);
  fs.mkdirSync(path.join(project, '.cargo'));
  fs.writeFileSync(path.join(project, '.cargo', 'config.toml'), `[build]\ntarget = "${host}"\n`);
  const built = run(project, ['node', installScript], quick);
  assert.strictEqual(built.status, 0, built.stderr);

  const output = inProject('node', '-r', 'cluster-rs/register', 'app.js');
  assert.deepStrictEqual(output, { stdout: 'answered by worker 1, native: true\n', stderr: '' }, built.stderr);
  assert.ok(!fs.existsSync(path.join(installed, 'target')), 'what cargo left behind is removed');
});
