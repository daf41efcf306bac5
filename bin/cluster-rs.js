#!/usr/bin/env node
'use strict';

require('../lib/command/index.js').main(process.argv.slice(2));
