'use strict';

// nodemon, which restarts a program when a file is changed or somebody types `rs`: each time the old workers have gone, and the
// new ones listen on the same port. It is not among the development packages, so it is fetched where this is asked for.

const assert = require('node:assert');
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { describe, it } = require('node:test');
const { fetched } = require('./fetched.js');
const {
  childrenOf,
  cleanEnvironment,
  freePort,
  get,
  gone,
  isFree,
  register,
  root,
  scratch,
  until,
} = require('./support.js');

const timeout = 120_000;
const bin = path.join(root, 'bin/cluster-rs.js');
const modules = fetched('nodemon', ['nodemon@3']);
const cli = modules && path.join(modules, 'nodemon/bin/nodemon.js');
const skip = !modules && 'NODEMON=1 node --test __test__/nodemon.test.js fetches it from the registry';

/** All processes that have been started by one, directly or not. */
const descendantsOf = (pid) => childrenOf(pid).flatMap((child) => [child, ...descendantsOf(child)]);

const app = `
const cluster = require('node:cluster');
if (cluster.isPrimary) { cluster.fork(); cluster.fork(); }
else require('node:http').createServer((request, response) => response.end('' + process.pid)).listen(process.env.PORT, '127.0.0.1');
`;

describe('nodemon', { skip }, () => {
  for (const [what, args] of Object.entries({
    'the command': ['--exec', `${process.execPath} ${bin} app.js -w 2 --reload-signals none --name watched`],
    'a program that forks by itself': ['-r', register, 'app.js'],
  })) {
    it(`restarts ${what}`, { timeout }, async (t) => {
      const cwd = scratch(t);
      const file = path.join(cwd, 'app.js');
      fs.writeFileSync(file, app);
      const port = await freePort();
      const env = { ...cleanEnvironment(), PORT: `${port}`, XDG_RUNTIME_DIR: cwd };
      const child = spawn(process.execPath, [cli, '--watch', 'app.js', ...args], { cwd, env, detached: true });
      let output = '';
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding('utf8').on('data', (text) => (output += text));
      t.after(() => {
        for (const pid of [...descendantsOf(child.pid), child.pid]) if (pid) kill(pid);
      });
      const serving = (before) =>
        until(
          async () => {
            const answer = await get(port).catch(() => undefined);
            return answer !== undefined && !before.includes(Number(answer));
          },
          () => `an answer of a new worker in ${output}`,
        );

      let processes = [];
      for (const restart of [() => {}, () => fs.writeFileSync(file, `${app}\n`), () => child.stdin.write('rs\n')]) {
        const before = processes;
        restart();
        await serving(before);
        await gone(before);
        processes = descendantsOf(child.pid);
      }
      child.kill('SIGINT');
      await gone([...processes, child.pid]);
      assert.ok(await isFree(port), output);
    });
  }
});

function kill(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has gone by itself.
  }
}
