'use strict';
const module_ = require('module');

console.log(module_.builtinModules.filter((name) => /cluster|child|net|dgram/.test(name)));
console.log(module_.isBuiltin('cluster'), module_.isBuiltin('node:cluster'));
try {
  require('node:cluster/nothing');
} catch (error) {
  console.log(error.code);
}
