'use strict';
const cluster = require('cluster');

const events = [];
cluster.on('setup', (settings) =>
  events.push([settings.args, settings.silent, settings.exec === __filename, settings === cluster.settings]),
);
cluster.setupPrimary();
cluster.setupPrimary({ args: ['one'] });
cluster.setupPrimary({ silent: true });
cluster.setupPrimary({ args: ['two'], extra: { mine: 1 } });
console.log(events.length, cluster.settings.args, cluster.settings.silent, cluster.settings.extra);
setImmediate(() => {
  console.log(events);
  cluster.setupPrimary({ silent: undefined });
  console.log(cluster.settings.silent, Object.keys(cluster.settings));
});
