'use strict';

/** What a program sees of how it was started. */
module.exports = () => {
  const { NODE_ENV, PORT, NODE_APP_INSTANCE, LETTERBOX } = process.env;
  return {
    args: process.argv.slice(2),
    execArgv: process.execArgv.filter((argument) => argument.startsWith('--max')),
    cwd: process.cwd(),
    sourceMaps: process.sourceMapsEnabled,
    env: { NODE_ENV, PORT, NODE_APP_INSTANCE, LETTERBOX },
  };
};
