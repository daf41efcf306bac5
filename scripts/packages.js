'use strict';

// Makes what is published: a folder for the package itself, and one for each platform, with its binary from native/.
//
//   node scripts/packages.js                    into npm/; fails if the binary of a platform is missing
//   node scripts/packages.js --incomplete       leaves out the platforms whose binaries are missing
//   node scripts/packages.js --folder FOLDER    into another folder

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { builtBinary, packageOf, published } = require('../lib/platform.js');

const root = path.join(__dirname, '..');
const manifest = require('../package.json');

/** What only a clone has a use for. */
const ofClone = ['private', 'scripts', 'devDependencies', 'overrides', 'napi'];

/** Where the code is, as far as the host of the workflow tells; npm compares it with where the package comes from. */
function repository() {
  const { GITHUB_SERVER_URL, GITHUB_REPOSITORY } = process.env;
  if (GITHUB_REPOSITORY === undefined) return {};
  return { repository: { type: 'git', url: `git+${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}.git` } };
}

function writeManifest(folder, content) {
  fs.writeFileSync(path.join(folder, 'package.json'), `${JSON.stringify(content, null, 2)}\n`);
}

/** The files that npm takes into a package. */
function packedFiles() {
  const command = ['pack', '--dry-run', '--json', '--ignore-scripts'];
  const { status, stdout, stderr } = spawnSync('npm', command, { cwd: root, encoding: 'utf8', maxBuffer: Infinity });
  if (status !== 0) throw new Error(`npm ${command.join(' ')} failed:\n${stderr}`);
  // An array, or since npm 12 an object with the names of packages.
  return Object.values(JSON.parse(stdout))[0].files.map((file) => file.path);
}

/** The package itself: without a binary, and with all of its platforms. */
function makeMain(folder) {
  for (const file of packedFiles().filter((name) => !name.startsWith('native/'))) {
    fs.cpSync(path.join(root, file), path.join(folder, file));
  }
  const content = { ...manifest, ...repository() };
  for (const name of ofClone) delete content[name];
  content.files = manifest.files.filter((name) => name !== 'native/');
  content.optionalDependencies = Object.fromEntries(
    published.map((platform) => [packageOf(platform), manifest.version]),
  );
  writeManifest(folder, content);
}

/** The package of a platform: its binary, and what it runs on. */
function makePlatform(npmDir, platform) {
  const folder = path.join(npmDir, platform);
  const [os, cpu, abi] = platform.split('-');
  const main = path.basename(builtBinary(platform));
  fs.mkdirSync(folder, { recursive: true });
  fs.copyFileSync(builtBinary(platform), path.join(folder, main));
  fs.copyFileSync(path.join(root, 'LICENSE'), path.join(folder, 'LICENSE'));
  const text = `The binary of ${manifest.name} for ${platform}. Install ${manifest.name}, which takes it along.`;
  fs.writeFileSync(path.join(folder, 'README.md'), `# ${packageOf(platform)}\n\n${text}\n`);
  const { version, description, license, author, engines } = manifest;
  const runsOn = { os: [os], cpu: [cpu], libc: [abi === 'gnu' ? 'glibc' : 'musl'], engines };
  writeManifest(folder, {
    name: packageOf(platform),
    version,
    description: `${description} (${platform})`,
    license,
    author,
    ...repository(),
    main,
    files: [main],
    ...runsOn,
  });
}

function main() {
  const { values } = parseArgs({
    options: { folder: { type: 'string', default: 'npm' }, incomplete: { type: 'boolean' } },
  });
  const npmDir = path.resolve(root, values.folder);
  const missing = published.filter((platform) => !fs.existsSync(builtBinary(platform)));
  if (missing.length > 0 && !values.incomplete) {
    throw new Error(`binaries are missing in native/ for ${missing.join(', ')}: see CONTRIBUTING.md, or --incomplete`);
  }
  fs.rmSync(npmDir, { recursive: true, force: true });

  for (const platform of published.filter((name) => !missing.includes(name))) makePlatform(npmDir, platform);
  makeMain(path.join(npmDir, manifest.name));
}

try {
  main();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
