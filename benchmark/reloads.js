'use strict';

// Reloads under load: how many requests fail while a service of two workers, whose answers take 20 ms, is reloaded
// again and again. The same with PM2 on the built-in module.
//
//   node benchmark/reloads.js [number of reloads, 50 if not said]

const { execFile } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { promisify } = require('node:util');
const { missingTool } = require('./load.js');
const { startWith } = require('./replaced_service.js');
const { measure } = require('./under_load.js');

const programs = path.join(__dirname, 'programs');

/** PM2 with a daemon of its own. */
async function startPm2(port) {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'cluster-rs-'));
  const cli = path.join(path.dirname(require.resolve('pm2/package.json')), 'bin', 'pm2');
  const env = {
    ...process.env,
    PM2_HOME: home,
    PM2_DISCRETE_MODE: 'true',
    PM2_DISABLE_VERSION_CHECK: 'true',
    PORT: `${port}`,
  };
  const run = (...args) => promisify(execFile)(process.execPath, [cli, ...args], { cwd: home, env });
  await run('start', path.join(programs, 'slow_server.js'), '--name', 'app', '-i', '2');
  return {
    replace: () => run('reload', 'app'),
    async end() {
      await run('kill');
      fs.rmSync(home, { recursive: true, force: true });
    },
  };
}

async function main() {
  const reloads = Number(process.argv[2] ?? 50);
  const missing = missingTool();
  if (missing) throw new Error(missing);
  const row = (...cells) => console.log(`| ${cells.join(' | ')} |`);
  row(
    `${reloads} reloads`,
    'seconds each',
    'requests on kept-alive connections',
    'failed',
    'requests on new connections',
    'failed',
  );
  row('---', '---', '---', '---', '---', '---');
  for (const [name, start] of [
    ['cluster-rs', startWith(() => undefined)],
    ['PM2, built-in module', startPm2],
  ]) {
    const { seconds, kept, fresh } = await measure(start, reloads);
    row(name, seconds.toFixed(2), kept.requests, kept.errors, fresh.requests, fresh.errors);
  }
}

main();
