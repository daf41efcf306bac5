'use strict';
// What a program finds when it starts.
console.log(Object.keys(globalThis).sort());
console.log(process.eventNames().map(String).sort());
console.log(Object.keys(process.env).filter((name) => /cluster/i.test(name)));
console.log(process.argv.length);
console.log(typeof process.send, process.connected, process.channel);
console.log(process.getActiveResourcesInfo().filter((name) => !/^(TTY|Pipe|File)/.test(name)));
