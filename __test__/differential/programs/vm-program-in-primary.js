'use strict';
const vm = require('vm');

// The whole program is run by vm, as test runners and bundlers do.
const cluster = require('cluster');
if (cluster.isPrimary) {
  vm.runInThisContext(
    '(function (require) { require("cluster").fork().on("exit", (code) => console.log("exit", code)); })',
  )(require);
} else {
  process.exit(vm.runInNewContext('40 + 2'));
}
