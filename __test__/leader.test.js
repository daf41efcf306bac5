'use strict';

// Work that exactly one worker does at a time, while those who do it are killed, stopped and replaced. LEADER_KILLS,
// LEADER_RELOADS and LEADER_STOPS make it longer.

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { childrenOf, gone, scratch, startOurs, until, write } = require('./support.js');

const kills = Number(process.env.LEADER_KILLS ?? 8);
const reloads = Number(process.env.LEADER_RELOADS ?? 2);
const stops = Number(process.env.LEADER_STOPS ?? 2);
const limit = { timeout: 60_000 + 3000 * kills + 5000 * (reloads + stops) };

const source = (folder) => {
  const cluster = require('cluster');
  const fs = require('fs');
  if (cluster.isPrimary) {
    const supervisor = cluster.supervise({
      workers: 4,
      hangTimeout: 1000,
      replaceHung: true,
      minDelay: 0,
      maxDelay: 50,
      maxDeaths: 100_000,
    });
    process.stdin.on('data', async () => {
      await supervisor.reload();
      console.log('reloaded');
    });
    return;
  }
  require('http')
    .createServer(() => {})
    .listen(0, '127.0.0.1');
  const log = fs.openSync(`${folder}/${process.pid}`, 'a');
  const note = (what, fence) => fs.writeSync(log, `${process.hrtime.bigint()} ${fence} ${process.pid} ${what}\n`);
  cluster.lead('work', async (signal, fence) => {
    note('begins', fence);
    while (!signal.aborted) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      note('works', fence);
    }
    await new Promise((resolve) => setTimeout(resolve, 20)); // It takes its time to stop.
    note('ends', fence);
  });
};

test('never two work at once, and soon another does', limit, async (t) => {
  const folder = scratch(t);
  const program = startOurs(t, [write(t, source, folder)]);
  const notes = () =>
    fs.readdirSync(folder).flatMap((name) => {
      const lines = fs.readFileSync(path.join(folder, name), 'utf8').split('\n').slice(0, -1);
      return lines.map((line) => {
        const [time, fence, pid, what] = line.split(' ');
        return { time: BigInt(time), fence: Number(fence), pid: Number(pid), what };
      });
    });
  let known = 0; // the fence of the last leader
  const next = async () => {
    let leader;
    await until(() => {
      leader = notes()
        .filter(({ what }) => what === 'begins')
        .reduce((one, other) => (one.fence > other.fence ? one : other), { fence: 0 });
      return leader.fence > known;
    }, 'another leader');
    known = leader.fence;
    return leader;
  };
  const signal = ({ pid }, name) => {
    try {
      process.kill(pid, name);
    } catch {
      // It has been replaced meanwhile.
    }
  };
  const trouble = [
    ...Array(kills).fill((leader) => signal(leader, 'SIGKILL')),
    ...Array(stops).fill((leader) => signal(leader, 'SIGSTOP')), // It hangs, and is ended for that.
    ...Array(reloads).fill(async () => {
      program.tell('reload');
      await program.line(/^reloaded$/, program.lines(/^reloaded$/).length + 1);
    }),
  ];
  for (let i = trouble.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [trouble[i], trouble[j]] = [trouble[j], trouble[i]];
  }
  let leader = await next();
  for (const cause of trouble) {
    await cause(leader);
    leader = await next();
  }
  const workers = childrenOf(program.pid);
  process.kill(program.pid, 'SIGKILL');
  await gone(workers);
  const all = notes().sort((one, other) => (one.time < other.time ? -1 : 1));
  for (let i = 1; i < all.length; i++) {
    const [before, after] = [all[i - 1], all[i]];
    assert.ok(
      after.fence >= before.fence,
      `${before.pid} works with ${before.fence}, and then ${after.pid} with ${after.fence}`,
    );
    assert.ok(after.what !== 'begins' || before.fence < after.fence, `two begin with ${after.fence}`);
  }
  t.diagnostic(`${new Set(all.map(({ fence }) => fence)).size} turns, ${all.length} notes`);
});
