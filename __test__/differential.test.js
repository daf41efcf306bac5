'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');
const { compare } = require('./differential/compare');
const { listPrograms } = require('./differential/program');

const release = Number(process.versions.node.split('.', 1)[0]);

// On a loaded machine either module may once be late. A difference is what shows each time.
const RUNS = 3;

describe('prints the same on the built-in module and on ours', { concurrency: 4 }, () => {
  for (const program of listPrograms()) {
    const skip = release < program.oldest && `needs Node ${program.oldest}`;
    it(program.name, { skip, timeout: program.timeout * 2500 * RUNS }, async () => {
      let outcome;
      for (let run = 0; run < RUNS && !outcome?.same; run++) {
        outcome = await compare(program, { node: process.execPath });
      }
      assert.ok(outcome.same, `\n${outcome.text}`);
    });
  }
});
