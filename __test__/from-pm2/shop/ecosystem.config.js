'use strict';

module.exports = {
  apps: [
    {
      name: 'shop-api',
      script: './server.js',
      instances: 2,
      exec_mode: 'cluster',
      wait_ready: true,
      listen_timeout: 20000,
      kill_timeout: 3000,
      max_memory_restart: '400M',
      env: { NODE_ENV: 'development', LIMITS: { perMinute: 60 } },
      env_production: { NODE_ENV: 'production' },
      merge_logs: true,
      log_date_format: 'YYYY-MM-DD HH:mm:ss Z',
      out_file: './logs/out.log',
      error_file: './logs/error.log',
      vizion: false,
    },
  ],
  deploy: { production: { user: 'deploy', host: 'shop.example', ref: 'origin/main', path: '/srv/shop' } },
};
