'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  try {
    cluster.setupPrimary({ args: [1, true, null, undefined, { a: 1 }, [2, 3]] });
    cluster.fork().on('message', (message) => console.log(message));
  } catch (error) {
    console.log(error.name, error.code, error.message);
  }
} else {
  process.send(process.argv.slice(2), () => process.disconnect());
}
