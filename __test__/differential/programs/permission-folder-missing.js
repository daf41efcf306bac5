// node: >=24
// flags: --no-warnings --permission --allow-addons --allow-child-process --allow-fs-read=*
'use strict';
const cluster = require('cluster');

// Whether there is a folder is not to be known, and a start that fails for it is told of all the same.
process.permission.drop('fs.read');
cluster.setupPrimary({ cwd: '/nonexistent' });
const worker = cluster.fork();
worker.on('error', ({ code, syscall, path, errno }) => console.log({ code, syscall, path, errno }));
worker.on('exit', () => console.log('exit'));
