// env: INHERITED=yes
'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  process.env.SET_LATER = 'later';
  const before = JSON.stringify(process.env);
  const worker = cluster.fork({
    NAMED: 'value',
    NUMBER: 5,
    BOOLEAN: false,
    EMPTY: '',
    NULL: null,
    UNDEFINED: undefined,
  });
  console.log('unchanged', before === JSON.stringify(process.env), process.env.NODE_UNIQUE_ID);
  worker.on('message', (message) => console.log(message));
} else {
  const { INHERITED, SET_LATER, NAMED, NUMBER, BOOLEAN, EMPTY, NULL, UNDEFINED } = process.env;
  process.send(
    {
      INHERITED,
      SET_LATER,
      NAMED,
      NUMBER,
      BOOLEAN,
      EMPTY,
      NULL,
      UNDEFINED,
      hasUndefined: 'UNDEFINED' in process.env,
      id: 'NODE_UNIQUE_ID' in process.env,
      channel: 'NODE_CHANNEL_FD' in process.env,
      mode: 'NODE_CHANNEL_SERIALIZATION_MODE' in process.env,
    },
    () => process.disconnect(),
  );
}
