'use strict';
const cluster = require('cluster');
const diagnostics = require('diagnostics_channel');

// Published since Node 24; before it, nobody says anything.
if (cluster.isPrimary) {
  for (const part of ['start', 'end', 'error', 'asyncStart', 'asyncEnd']) {
    diagnostics.subscribe(`tracing:child_process.spawn:${part}`, ({ process: child, options, error, ...rest }) => {
      console.log(part, child?.constructor.name, typeof child?.pid, error?.code, Object.keys(rest));
      if (options) console.log(Object.keys(options).sort(), options.file === process.execPath, options.args.length);
    });
  }
  const worker = cluster.fork();
  console.log('forked');
  worker.on('exit', (code) => {
    console.log('exit', code);
    cluster.setupPrimary({ cwd: '/nonexistent' });
    const another = cluster.fork();
    another.on('error', (error) => console.log('error', error.code, another.process.pid));
    try {
      cluster.setupPrimary({ cwd: undefined, args: ['x'.repeat(3_000_000)] });
      cluster.fork();
    } catch (error) {
      console.log(error.code);
    }
  });
} else {
  process.disconnect();
}
