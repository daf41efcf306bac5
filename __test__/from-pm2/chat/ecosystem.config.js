'use strict';

const shared = { env: { NODE_ENV: 'test' }, namespace: 'chat' };

module.exports = {
  apps: [
    {
      ...shared,
      name: 'chat-web',
      script: 'web.js',
      instances: '2',
      args: '--room "main hall" --quiet',
      node_args: ['--max-old-space-size=200'],
      shutdown_with_message: true,
      disable_source_map_support: true,
    },
    {
      ...shared,
      name: 'chat-mailer',
      script: 'mailer.js',
      instances: 2,
      exec_mode: 'cluster',
      listen_timeout: 300,
      increment_var: 'LETTERBOX',
      env: { ...shared.env, LETTERBOX: 10 },
    },
    { ...shared, name: 'chat-import', script: 'import.js', autostart: false },
  ],
};
