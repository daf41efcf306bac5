'use strict';

// The package and those of its platforms in a registry of their own: installed by each package manager, run on each
// release of Node, compiled against, and bundled. What is needed for that is fetched once, some 250 MB.

const assert = require('node:assert');
const { execFile } = require('node:child_process');
const { after, before, describe, test } = require('node:test');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { promisify } = require('node:util');
const { serveRegistry } = require('./installers/registry.js');
const { fetchTools, tools } = require('./installers/tools.js');
const { fetchNode, releases } = require('./matrix.js');
const { run } = require('./package/commands.js');
const { pack } = require('./package/pack.js');
const { ownPlatform, packageOf, published } = require('../lib/platform.js');
const { name, version } = require('../package.json');

const root = path.join(__dirname, '..');
const platform = packageOf(ownPlatform());
const limit = { timeout: 300_000 };
const asked = process.env.INSTALLERS === '1';
const skip = asked ? false : 'it fetches package managers: INSTALLERS=1 node --test __test__/installers.test.js';

/** Forks a worker, asks it, and prints what it answers. */
const body = `
  if (cluster.isPrimary) {
    cluster.fork().on('listening', async ({ port }) => {
      const response = await fetch('http://127.0.0.1:' + port, { headers: { connection: 'close' } });
      console.log(await response.text());
      cluster.disconnect();
    });
  } else {
    http.createServer((request, response) => response.end('native ' + cluster.native)).listen(0, '127.0.0.1');
  }
`;
const programs = {
  'app.js': `const cluster = require('cluster-rs');\nconst http = require('node:http');\n${body}`,
  'app.mjs': `import cluster from 'cluster-rs';\nimport http from 'node:http';\n${body}`,
  'plain.js': `const cluster = require('node:cluster');\nconst http = require('node:http');\n${body}`,
};

/** The arguments of Node with which each of them is run. */
const ways = [['app.js'], ['app.mjs'], ['-r', `${name}/register`, 'plain.js']];

const manifest = { private: true, dependencies: { [name]: version } };

let scratch;
let registry;

/** A folder of its own, in a home of its own, with these files. */
function makeProject(folder, files = {}) {
  const project = path.join(scratch, folder);
  fs.mkdirSync(project, { recursive: true });
  const ours = { 'package.json': JSON.stringify(manifest), '.npmrc': `registry=${registry.url}\n` };
  const all = { ...ours, ...programs, ...files };
  for (const [file, text] of Object.entries(all)) fs.writeFileSync(path.join(project, file), text);
  return project;
}

/** Runs a program to its end with a release of Node; fails if it does. */
async function runIn(project, release, [program, ...args]) {
  const node = fetchNode(release);
  const command = program.endsWith('.js') ? [node, program, ...args] : [program, ...args];
  const inherited = Object.entries(process.env).filter(([key]) => !/^(npm_|NODE_|PNPM_|YARN_|BUN_)/i.test(key));
  const env = {
    ...Object.fromEntries(inherited),
    PATH: `${path.dirname(node)}:${process.env.PATH}`,
    HOME: path.join(project, '.home'),
  };
  delete env.XDG_CONFIG_HOME;
  const { stdout, stderr } = await promisify(execFile)(command[0], command.slice(1), { cwd: project, env });
  return { stdout, stderr };
}

/** The packages of platforms that are somewhere below a folder. */
function installedPlatforms(project) {
  const found = fs.readdirSync(project, { recursive: true }).map((file) => path.basename(file));
  return [...new Set(found.filter((file) => published.some((one) => packageOf(one) === file)))];
}

/** Packages for the platforms that have not been built here, so that there is one to leave out. */
function packOthers(tarballs) {
  const missing = published.filter((one) => !tarballs.some((file) => file.includes(`${packageOf(one)}-${version}`)));
  return missing.map((one) => {
    const folder = path.join(scratch, 'others', one);
    const [system, cpu, abi] = one.split('-');
    const content = { name: packageOf(one), version, os: [system], cpu: [cpu], libc: [abi === 'gnu' ? 'glibc' : abi] };
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(path.join(folder, 'package.json'), JSON.stringify(content));
    const { status, stderr } = run(folder, ['npm', 'pack', '--pack-destination', scratch]);
    assert.strictEqual(status, 0, stderr);
    return path.join(scratch, `${packageOf(one)}-${version}.tgz`);
  });
}

before(async () => {
  if (!asked) return;
  fetchTools();
  scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'cluster-rs-installers-'));
  const tarballs = pack(scratch);
  registry = await serveRegistry([...tarballs, ...packOthers(tarballs)]);
});

after(() => {
  registry?.close();
  if (scratch !== undefined) fs.rmSync(scratch, { recursive: true, force: true });
});

const npm = (program) => [program, 'install', '--no-audit', '--no-fund'];
const yarnSettings = () => `
npmRegistryServer: '${registry.url}'
unsafeHttpWhitelist: ['127.0.0.1']
enableTelemetry: false
`;

const installers = {
  'npm 10': { release: 20, command: npm(tools.npm10) },
  'npm 12': { release: 24, command: npm(tools.npm12) },
  pnpm: { release: 24, command: [tools.pnpm, 'install'] },
  Yarn: {
    release: 24,
    command: [tools.yarn, 'install', '--no-immutable'],
    files: () => ({ '.yarnrc.yml': `nodeLinker: node-modules${yarnSettings()}`, 'yarn.lock': '' }),
  },
  Bun: {
    release: 24,
    command: [tools.bun, 'install'],
    files: () => ({ 'bunfig.toml': `[install]\nregistry = "${registry.url}"\n` }),
  },
};

describe('package managers install what fits, and warn of nothing', { skip }, () => {
  for (const [title, { release, command, files }] of Object.entries(installers)) {
    test(title, limit, async () => {
      const project = makeProject(title, files?.());
      const { stdout, stderr } = await runIn(project, release, command);
      assert.doesNotMatch(stdout + stderr, /\bscripts?\b|blocked|ignored|warn|YN00(04|05)/i);
      assert.deepStrictEqual(installedPlatforms(path.join(project, 'node_modules')), [platform]);
      for (const args of ways) {
        const output = await runIn(project, release, [fetchNode(release), ...args]);
        assert.deepStrictEqual(output, { stdout: 'native true\n', stderr: '' }, args.join(' '));
      }
    });
  }

  test("Yarn's Plug'n'Play", limit, async () => {
    const project = makeProject('pnp', { '.yarnrc.yml': `nodeLinker: pnp${yarnSettings()}`, 'yarn.lock': '' });
    const { stdout } = await runIn(project, 24, [tools.yarn, 'install', '--no-immutable']);
    assert.doesNotMatch(stdout, /YN00(04|05)/);
    // ES modules are not found there, ours or others, without a setting of Yarn's.
    for (const args of ways.filter((way) => way[0] !== 'app.mjs')) {
      const output = await runIn(project, 24, [tools.yarn, 'node', ...args]);
      assert.deepStrictEqual(output, { stdout: 'native true\n', stderr: '' }, args.join(' '));
    }
  });
});

describe('what npm has installed', { skip }, () => {
  let project;

  before(async () => {
    if (!asked) return;
    project = makeProject('installed');
    await runIn(project, 24, npm(tools.npm12));
  });

  for (const release of releases) {
    test(`runs on Node ${release}: require, import and register`, limit, async () => {
      for (const args of ways) {
        const output = await runIn(project, release, [fetchNode(release), ...args]);
        assert.deepStrictEqual(output, { stdout: 'native true\n', stderr: '' }, args.join(' '));
      }
    });
  }

  const typed = `
    import cluster, { fork, type Worker } from 'cluster-rs';
    import 'cluster-rs/register';
    const worker: Worker = fork();
    export const answer: Promise<number> = worker.request('question', { timeout: 5 });
    export const native: boolean | undefined = cluster.native;
    // @ts-expect-error
    worker.request(1, { timeout: 'soon' });
  `;
  for (const [module, moduleResolution] of [
    ['node16', 'node16'],
    ['nodenext', 'nodenext'],
    ['esnext', 'bundler'],
  ]) {
    test(`has types for moduleResolution ${moduleResolution}`, limit, async () => {
      const compilerOptions = { module, moduleResolution, target: 'es2022', strict: true, noEmit: true };
      compilerOptions.types = ['node'];
      compilerOptions.typeRoots = [path.join(root, 'node_modules', '@types')];
      fs.writeFileSync(path.join(project, 'typed.mts'), typed);
      fs.writeFileSync(path.join(project, 'typed.cts'), typed);
      const config = { compilerOptions, files: ['typed.mts', 'typed.cts'] };
      fs.writeFileSync(path.join(project, 'tsconfig.json'), JSON.stringify(config));
      const types = path.join(project, 'node_modules', '@types');
      if (!fs.existsSync(types)) fs.symlinkSync(path.join(root, 'node_modules', '@types'), types);
      const tsc = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc');
      const { stdout } = await runIn(project, 24, [fetchNode(24), tsc, '--project', project]).catch((error) => error);
      assert.strictEqual(stdout, '');
    });
  }

  /** Bundles app.js into a file, with cluster-rs as external or swallowed. */
  const bundlers = {
    esbuild: (outfile, external) =>
      require('esbuild').build({
        absWorkingDir: project,
        entryPoints: ['app.js'],
        outfile,
        bundle: true,
        platform: 'node',
        logLevel: 'silent',
        external: external ? [name] : [],
      }),
    webpack: (outfile, external) =>
      promisify(require(tools.webpack))({
        context: project,
        entry: './app.js',
        output: { path: path.dirname(outfile), filename: path.basename(outfile) },
        target: 'node',
        mode: 'production',
        externals: external ? { [name]: `commonjs ${name}` } : {},
      }).then((stats) => assert.deepStrictEqual(stats.toJson().errors, [])),
  };
  for (const [bundler, bundle] of Object.entries(bundlers)) {
    test(`is used by what ${bundler} has bundled, as external`, limit, async () => {
      const outfile = path.join(project, `${bundler}-external.js`);
      await bundle(outfile, true);
      const output = await runIn(project, 24, [outfile]);
      assert.deepStrictEqual(output, { stdout: 'native true\n', stderr: '' });
    });

    test(`says what to do when ${bundler} has swallowed it`, limit, async () => {
      const outfile = path.join(project, `${bundler}-swallowed.js`);
      await bundle(outfile, false);
      const { stdout, stderr } = await runIn(project, 24, [outfile]);
      assert.strictEqual(stdout, 'native false\n');
      assert.match(stderr, /\[CLUSTER_RS_FALLBACK\] .*bundled with the program: mark cluster-rs as external/);
    });
  }
});

describe('an installation without the binary says how to get it, and that helps', { skip }, () => {
  for (const [title, options] of [
    ['--omit=optional', ['--omit=optional']],
    ['a lock file from another platform', ['--os=darwin', '--cpu=arm64']],
  ]) {
    for (const [manager, release] of [
      ['npm10', 20],
      ['npm12', 24],
    ]) {
      test(`${title}, ${manager}`, limit, async () => {
        const project = makeProject(`${manager} ${title.replace(/\W/g, ' ')}`);
        await runIn(project, release, [...npm(tools[manager]), ...options]);
        assert.deepStrictEqual(installedPlatforms(path.join(project, 'node_modules')), []);
        const { stdout, stderr } = await runIn(project, release, [fetchNode(release), 'app.js']);
        assert.strictEqual(stdout, 'native false\n');
        assert.match(stderr, new RegExp(`its package ${platform} is not installed`));

        const [, remedy] = /"npm (install .*?)" adds it/.exec(stderr);
        await runIn(project, release, [tools[manager], ...remedy.split(' ')]);
        const helped = await runIn(project, release, [fetchNode(release), 'app.js']);
        assert.deepStrictEqual(helped, { stdout: 'native true\n', stderr: '' });
      });
    }
  }
});
