'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');
const { compare } = require('./differential/compare');
const { listPrograms } = require('./differential/program');

const release = Number(process.versions.node.split('.', 1)[0]);

describe('prints the same on the built-in module and on ours', { concurrency: 4 }, () => {
  for (const program of listPrograms()) {
    const skip = release < program.oldest && `needs Node ${program.oldest}`;
    it(program.name, { skip, timeout: program.timeout * 2500 }, async () => {
      const { same, text } = await compare(program, { node: process.execPath });
      assert.ok(same, `\n${text}`);
    });
  }
});
