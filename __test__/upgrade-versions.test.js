'use strict';

// Upgrades to other releases of Node, as `npm run test:matrix` has fetched them, and between this version of the package
// and the one before, whose folder PREVIOUS names.

const assert = require('node:assert');
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const { test } = require('node:test');
const { freePort, get, root, run, scratch, start, until } = require('./support.js');

const limit = { timeout: 240_000 };
const nodes = [22, 24, 26, 24].map((major) => path.join(root, '.nodes', `${major}`, 'package', 'bin', 'node'));
const previous = process.env.PREVIOUS;

const app = `
  require('http')
    .createServer((request, response) => response.end(process.version + ' ' + process.ppid))
    .listen(process.env.PORT, '127.0.0.1');
`;

/** Runs the program, and asks it all the time, on new connections and on one that is kept alive. */
async function serve(t, bin) {
  const folder = scratch(t);
  fs.writeFileSync(path.join(folder, 'app.js'), app);
  const port = await freePort();
  const options = { cwd: folder, env: { XDG_RUNTIME_DIR: folder, PORT: `${port}` } };
  const program = start(t, [bin, 'app.js', '-w', '2'], options);
  await until(
    () => /is running with/.test(program.stderr),
    () => `a start of ${program.output}`,
  );
  const failures = [];
  let isOver = false;
  const ask = async (agent) => {
    while (!isOver) await get(port, { agent }).catch(({ code, message }) => failures.push(code ?? message));
  };
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const clients = [ask(false), ask(agent)];
  return {
    upgrade: async (...args) => {
      const { code, stderr } = await run(t, [bin, 'upgrade', ...args], options);
      assert.strictEqual(code, 0, stderr);
    },
    answer: async () => (await get(port)).split(' '),
    end: async () => {
      isOver = true;
      await Promise.all(clients);
      agent.destroy();
      assert.deepStrictEqual(failures, []);
      await run(t, [bin, 'stop'], options);
    },
  };
}

const missing = nodes.find((node) => !fs.existsSync(node));
test(
  'to other releases of Node, and back',
  { ...limit, skip: missing && 'npm run test:matrix fetches them' },
  async (t) => {
    const { upgrade, answer, end } = await serve(t, path.join(root, 'bin', 'cluster-rs.js'));
    for (const node of nodes) {
      await upgrade('--node', node);
      const { stdout } = await run(t, [
        '-p',
        `require('child_process').execFileSync(${JSON.stringify(node)}, ['--version']).toString()`,
      ]);
      assert.strictEqual((await answer())[0], stdout.trim());
    }
    await end();
  },
);

test(
  'from the version before to this one, and back',
  { ...limit, skip: !previous && 'PREVIOUS is not set' },
  async (t) => {
    const current = path.join(scratch(t), 'current');
    const link = (folder) => {
      fs.rmSync(current, { force: true });
      fs.symlinkSync(path.resolve(folder), current);
    };
    link(previous);
    const { upgrade, answer, end } = await serve(t, path.join(current, 'bin', 'cluster-rs.js'));
    for (const folder of [root, previous, root]) {
      link(folder);
      await upgrade();
      const [, primary] = await answer();
      const loaded = fs.readFileSync(`/proc/${primary}/maps`, 'latin1');
      assert.ok(loaded.includes(path.join(path.resolve(folder), 'native')), folder);
    }
    await end();
  },
);
