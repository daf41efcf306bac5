'use strict';

// The package as its users get it: packed, as is its platform's, and both installed into an empty project.

const assert = require('node:assert');
const { after, before, test } = require('node:test');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { makePathWithoutRust, run } = require('./package/commands.js');
const { pack } = require('./package/pack.js');
const { ownPlatform, packageOf, published } = require('../lib/platform.js');
const { version } = require('../package.json');

const root = path.join(__dirname, '..');
const platform = packageOf(ownPlatform());
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
let project;
let modules;
let installed;
let buildScript;
let withoutRust;

/** Runs a command in the project, without Rust in reach; fails if the command does, and gives what it printed. */
function inProject(...command) {
  const { status, stdout, stderr } = run(project, command, { PATH: withoutRust });
  assert.strictEqual(status, 0, `${command.join(' ')}\n${stdout}\n${stderr}`);
  return { stdout, stderr };
}

function removePlatform() {
  fs.rmSync(path.join(modules, platform), { recursive: true, force: true });
}

before(() => {
  scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'cluster-rs-package-'));
  withoutRust = makePathWithoutRust(path.join(scratch, 'bin'));

  const tarballs = pack(scratch);
  project = path.join(scratch, 'project');
  modules = path.join(project, 'node_modules');
  installed = path.join(modules, 'cluster-rs');
  buildScript = path.join(installed, 'scripts', 'build-from-source.js');
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
  inProject('npm', 'install', '--offline', '--no-audit', '--no-fund', ...tarballs);
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
    'adapters',
    'bin',
    'build.rs',
    'docs',
    'examples',
    'index.d.ts',
  ];
  expected.push('index.js', 'lib', 'package.json', 'register.d.ts', 'register.js', 'scripts', 'src');
  assert.deepStrictEqual(files, expected.sort());
});

test('it has a package for each platform, of its own version, and runs nothing when it is installed', () => {
  const manifestOf = (name) => JSON.parse(fs.readFileSync(path.join(modules, name, 'package.json'), 'utf8'));
  const { dependencies, scripts, optionalDependencies } = manifestOf('cluster-rs');
  assert.deepStrictEqual([dependencies, scripts], [undefined, undefined]);
  assert.deepStrictEqual(optionalDependencies, Object.fromEntries(published.map((name) => [packageOf(name), version])));

  const [os, cpu, abi] = ownPlatform().split('-');
  const runsOn = { os: [os], cpu: [cpu], libc: [abi === 'gnu' ? 'glibc' : 'musl'] };
  const found = manifestOf(platform);
  assert.deepStrictEqual({ os: found.os, cpu: found.cpu, libc: found.libc }, runsOn);
  assert.deepStrictEqual([found.version, found.scripts, found.dependencies], [version, undefined, undefined]);
  const binary = `cluster-rs.${ownPlatform()}.node`;
  assert.deepStrictEqual(fs.readdirSync(path.join(modules, platform)).sort(), [
    'LICENSE',
    'README.md',
    binary,
    'package.json',
  ]);
});

test('what is packed in a clone has the binary that was built there', { timeout: minutes }, () => {
  const { status, stdout, stderr } = run(root, ['npm', 'pack', '--dry-run', '--json', '--ignore-scripts']);
  assert.strictEqual(status, 0, stderr);
  const files = Object.values(JSON.parse(stdout))[0].files.map((file) => file.path);
  assert.ok(files.includes(`native/cluster-rs.${ownPlatform()}.node`), files.join('\n'));
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
    const target = path.join(installed, file || 'README.md');
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

test('require and import give the module, on the binary for the platform', { timeout: 2 * minutes }, () => {
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

const warnings = (stderr) => stderr.match(/CLUSTER_RS_FALLBACK/g)?.length;

test('a package of another version is not loaded', { timeout: 2 * minutes }, () => {
  const file = path.join(modules, platform, 'package.json');
  const text = fs.readFileSync(file, 'utf8');
  fs.writeFileSync(file, text.replace(`"version": "${version}"`, '"version": "0.0.1"'));
  const { stdout, stderr } = inProject('node', '-p', "require('cluster-rs').native");
  fs.writeFileSync(file, text);
  assert.strictEqual(stdout, 'false\n');
  assert.ok(stderr.includes(`${platform} is of version 0.0.1, and ${version} is needed; "npm install`), stderr);
});

test('a binary that does not load says why', { timeout: 2 * minutes }, () => {
  const file = path.join(modules, platform, `cluster-rs.${ownPlatform()}.node`);
  fs.renameSync(file, `${file}.kept`);
  fs.writeFileSync(file, 'not a library');
  const { stdout, stderr } = inProject('node', '-p', "require('cluster-rs').native");
  fs.renameSync(`${file}.kept`, file);
  assert.strictEqual(stdout, 'false\n');
  assert.match(stderr, /its binary can't be loaded: .*(file too short|invalid ELF header)/);
});

test(
  "without its platform's package, the built-in module serves; one warning says what is missing and how to get it",
  { timeout: 2 * minutes },
  () => {
    removePlatform();
    const script = "require('cluster-rs/register'); console.log(require('cluster-rs').native);";
    const loaded = inProject('node', '-e', script);
    assert.strictEqual(loaded.stdout, 'false\n');
    assert.strictEqual(warnings(loaded.stderr), 1, loaded.stderr);
    assert.match(loaded.stderr, new RegExp(`its package ${platform} is not installed, as after --omit=optional`));
    const install = `"npm install --include=optional --save-optional ${platform}@${version}" adds it`;
    assert.ok(loaded.stderr.includes(`; ${install}, and "node ${buildScript}" builds it`), loaded.stderr);

    const served = inProject('node', '-r', 'cluster-rs/register', 'app.js');
    assert.strictEqual(served.stdout, 'answered by worker 1, native: false\n');
    assert.strictEqual(warnings(served.stderr), 1, served.stderr);
  },
);

test('without Rust, building from source says what to install', { timeout: minutes }, () => {
  const { status, stdout, stderr } = run(project, ['node', buildScript], { PATH: withoutRust });
  assert.deepStrictEqual([status, stdout], [1, '']);
  assert.match(stderr, /^cluster-rs: cargo was not found; install Rust .*\n$/);
});

test('with Rust, it is built from source by one command', { timeout: 15 * minutes }, () => {
  removePlatform();
  const quick = { CARGO_BUILD_JOBS: '2', CARGO_PROFILE_RELEASE_LTO: 'off', CARGO_PROFILE_RELEASE_OPT_LEVEL: '0' };
  // A user's own target moves the result to another folder.
  const [, host] = /^host: (.*)$/m.exec(run(project, ['rustc', '-vV']).stdout);
  fs.mkdirSync(path.join(project, '.cargo'));
  fs.writeFileSync(path.join(project, '.cargo', 'config.toml'), `[build]\ntarget = "${host}"\n`);
  const built = run(project, ['node', buildScript], quick);
  assert.strictEqual(built.status, 0, built.stderr);
  const binary = path.join(installed, 'native', `cluster-rs.${ownPlatform()}.node`);
  assert.strictEqual(built.stdout, `cluster-rs: built ${binary}\n`);

  const output = inProject('node', '-r', 'cluster-rs/register', 'app.js');
  assert.deepStrictEqual(output, { stdout: 'answered by worker 1, native: true\n', stderr: '' }, built.stderr);
  assert.deepStrictEqual(fs.readdirSync(path.dirname(binary)), [path.basename(binary)]);
});
