'use strict';

// What `npx cluster-rs` reads in the folder where it is started; here `npx cluster-rs --config examples/cluster.config.js`.

const path = require('node:path');

module.exports = {
  app: path.join(__dirname, 'server.js'),
  name: 'hello',
  workers: 2,
  spares: 1,
  policy: 'least',
  grace: '10s',
  maxMemory: '300M',
  hangTimeout: '5s',
  prefix: true,
  env: { NODE_ENV: 'production' },
};
