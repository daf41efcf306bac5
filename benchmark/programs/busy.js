'use strict';

// Uses a core as a busy primary does, and does nothing else.

const { keepBusy, options, say } = require('./options.js');

say({});
keepBusy(options);
