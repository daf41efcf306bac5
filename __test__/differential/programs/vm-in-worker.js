'use strict';
const cluster = require('cluster');
const vm = require('vm');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('message', (message) => console.log(message));
  worker.on('exit', (code) => console.log('exit', code));
} else {
  const context = vm.createContext({ send: (message) => process.send(message), cluster });
  vm.runInContext('send({ id: cluster.worker.id, list: [1, 2, 3].map((x) => x * 2), date: new Date(0) })', context);
  process.send(vm.runInContext('({ made: "in another context" })', context), () => process.disconnect());
}
