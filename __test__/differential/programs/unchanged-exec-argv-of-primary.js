// flags: --no-deprecation
'use strict';
const { execArgv } = process;
const index = execArgv.findIndex((value) => value.endsWith('register.js'));
console.log(
  index === -1
    ? execArgv
    : (execArgv.toSpliced?.(index - 1, 2) ?? execArgv.filter((value, at) => at !== index && at !== index - 1)),
);
