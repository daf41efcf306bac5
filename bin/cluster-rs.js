#!/usr/bin/env node
'use strict';

// A parent that watches the program's files is not to hear of this package's; where nobody can be told, Node reports nothing.
if (process.send && process.env.WATCH_REPORT_DEPENDENCIES) {
  const { send } = process;
  process.send = undefined;
  process.send = require('../lib/reports.js').filtered(send);
}

require('../lib/command/index.js').main(process.argv.slice(2));
