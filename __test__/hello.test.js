'use strict';

const assert = require('node:assert');
const { test } = require('node:test');
const os = require('node:os');
const path = require('node:path');
const { tryHello } = require('./package/hello.js');

test('examples/hello.js: every worker answers', { timeout: 60_000 }, async () => {
  const answers = await tryHello(path.join(__dirname, '..'), [process.execPath, 'examples/hello.js']);
  const expected = Array.from({ length: os.availableParallelism() }, (_, i) => `hello from worker ${i + 1}\n`);
  assert.deepStrictEqual(answers, expected.sort());
});
