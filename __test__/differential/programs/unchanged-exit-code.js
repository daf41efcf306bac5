'use strict';
require('cluster');
process.on('exit', (code) => console.log('leaving with', code));
process.exitCode = 5;
