'use strict';

// Builds the addon into native/, and its types (binding.d.ts).
//
//   node scripts/build.js                             a quick build with debug information, for this machine
//   node scripts/build.js --release                   an optimised build that also runs on systems with an older glibc
//   node scripts/build.js --release --target TRIPLE   one for another platform, linked by zig: see CONTRIBUTING.md

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { builtBinary, usesGlibc } = require('../lib/platform.js');
const { missingTool } = require('./toolchain.js');

const root = path.join(__dirname, '..');

// The machines for which a toolchain with an old glibc is at hand, with Rust's names for them.
const portableTargets = { x64: 'x86_64-unknown-linux-gnu' };

/** The glibc that binaries for others are linked against. Rust itself needs no older one. */
const OLD_GLIBC = '2.17';

/** Starts a build, and gives a promise of its end; throws where the toolchain asked for can't be had. */
async function startBuild(options) {
  const { NapiCli } = require('@napi-rs/cli');
  const { task } = await new NapiCli().build({
    cwd: root,
    platform: true,
    outputDir: 'native',
    noJsBinding: true,
    dts: 'binding.d.ts',
    ...options,
  });
  return { finished: task };
}

/** Builds with the cross toolchain, which the cli fetches from the npm registry when it is used for the first time. */
async function startPortableBuild(target) {
  const { version } = require('@napi-rs/cross-toolchain/package.json');
  const toolchain = path.join(os.homedir(), '.napi-rs', 'cross-toolchain', version, target);
  const whole = path.join(toolchain, '.whole');
  // If unpacking was interrupted, the cli would take what is there for a toolchain, now and for ever.
  if (!fs.existsSync(whole)) fs.rmSync(toolchain, { recursive: true, force: true });
  const build = await startBuild({ release: true, target, useNapiCross: true });
  fs.writeFileSync(whole, '');
  return build;
}

async function buildForThisMachine() {
  const target = usesGlibc() ? portableTargets[process.arch] : undefined;
  let build;
  if (target !== undefined) {
    try {
      build = await startPortableBuild(target);
    } catch (error) {
      console.warn(`${error.message}\nBuilding with this machine's own linker: good for use here, not for publishing.`);
    }
  }
  build ??= await startBuild({ release: true });
  return build.finished;
}

/** What rustc prints when it is asked for something. */
function askRust(...args) {
  const { stdout, status, stderr } = spawnSync(process.env.RUSTC ?? 'rustc', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return stdout.trim();
}

/** What has to be said to cargo so that there is a standard library for a target; throws where none can be had. */
function standardLibrary(target) {
  if (fs.existsSync(askRust('--print', 'target-libdir', '--target', target))) return { options: [], env: {} };
  if (!fs.existsSync(path.join(askRust('--print', 'sysroot'), 'lib', 'rustlib', 'src', 'rust', 'library'))) {
    throw new Error(`the standard library for ${target} is missing: rustup target add ${target}`);
  }
  return { options: ['-Zbuild-std=std,panic_unwind'], env: { RUSTC_BOOTSTRAP: '1' } };
}

/** Builds for one of the published targets, with zig as the linker: it has the C libraries of all of them. */
function buildForTarget(target) {
  const { parseTriple } = require('@napi-rs/cli');
  if (!require('../package.json').napi.targets.includes(target)) {
    throw new Error(`unknown target: ${target}. package.json has the list (napi.targets)`);
  }
  if (spawnSync('cargo-zigbuild', ['--version']).error !== undefined) {
    throw new Error('cargo-zigbuild was not found: pip install ziglang cargo-zigbuild');
  }
  const isMusl = target.endsWith('-musl');
  const { options, env } = standardLibrary(target);
  // Without this, a musl target makes no shared libraries.
  if (isMusl) env.RUSTFLAGS = `${process.env.RUSTFLAGS ?? ''} -C target-feature=-crt-static`;
  const args = ['zigbuild', '--release', '--locked', ...options];
  args.push('--target', isMusl ? target : `${target}.${OLD_GLIBC}`);
  const { status } = spawnSync('cargo', args, { cwd: root, env: { ...process.env, ...env }, stdio: 'inherit' });
  if (status !== 0) throw new Error(`cargo ${args.join(' ')} failed`);

  const folder = process.env.CARGO_TARGET_DIR ?? path.join(root, 'target');
  const binary = builtBinary(parseTriple(target).platformArchABI);
  fs.mkdirSync(path.dirname(binary), { recursive: true });
  fs.copyFileSync(path.join(folder, target, 'release', 'libcluster_rs.so'), binary);
  console.log(`built ${path.relative(root, binary)}`);
}

async function main() {
  const { values } = parseArgs({ options: { release: { type: 'boolean' }, target: { type: 'string' } } });
  const missing = missingTool();
  if (missing !== undefined) throw new Error(missing);
  if (values.target !== undefined && !values.release) throw new Error('--target goes with --release');
  if (values.target !== undefined) buildForTarget(values.target);
  else if (values.release) await buildForThisMachine();
  else await (await startBuild({})).finished;
}

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
