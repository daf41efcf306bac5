'use strict';
const { fork } = require('child_process');
const path = require('path');

if (process.argv[2] === 'child') {
  process.send([process.argv.slice(2), path.basename(process.argv[1])], () => process.disconnect());
} else {
  const child = fork(__filename, ['child', 'x']);
  child.on('message', (message) => console.log(message));
  child.on('exit', (code) => console.log(code));
}
