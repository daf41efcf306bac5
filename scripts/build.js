'use strict';

// Builds the addon into native/: the binary, its loader (binding.js) and the loader's types (binding.d.ts).
//
//   node scripts/build.js            a quick build with debug information, linked against this machine's libc
//   node scripts/build.js --release  an optimised build that also runs on systems with an older glibc

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { usesGlibc } = require('./platform.js');
const { missingTool } = require('./toolchain.js');

const root = path.join(__dirname, '..');

// The machines for which a toolchain with an old glibc is at hand, with Rust's names for them.
const portableTargets = { x64: 'x86_64-unknown-linux-gnu' };

/** Starts a build, and gives a promise of its end; throws where the toolchain asked for can't be had. */
async function startBuild(options) {
  const { NapiCli } = require('@napi-rs/cli');
  const { task } = await new NapiCli().build({
    cwd: root,
    platform: true,
    outputDir: 'native',
    jsBinding: 'binding.js',
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

async function buildRelease() {
  const target = usesGlibc ? portableTargets[process.arch] : undefined;
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

async function main() {
  const missing = missingTool();
  if (missing !== undefined) throw new Error(missing);
  if (process.argv.includes('--release')) await buildRelease();
  else await (await startBuild({})).finished;
}

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
