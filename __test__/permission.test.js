'use strict';

// Node's permission model, where the built-in module has nothing to compare with. The rest are differential programs.

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { spelled } = require('./differential/programs/fixtures/permission-flags.js');
const { register, root, run, scratch, write } = require('./support.js');

const limit = { timeout: 120_000 };
const denies = (scope) => ({ ...limit, skip: !process.allowedNodeEnvironmentFlags.has(`--allow-${scope}`) });

const ALL = '--no-warnings --permission --allow-addons --allow-child-process --allow-fs-read=* --allow-net';
const without = (...flags) => ALL.split(' ').filter((flag) => !flags.some((name) => flag.startsWith(name)));

/** Runs a program on our module under the permission model. */
async function underModel(t, flags, source, env, given) {
  const args = [...spelled(flags.join(' ')), write(t, source, given)];
  const { stdout, stderr, code } = await run(t, args, {
    builtin: false,
    env,
  });
  assert.strictEqual(code, 0, stdout + stderr);
  return JSON.parse(stdout);
}

test('all that is loaded later is loaded at once', limit, async (t) => {
  const loaded = await underModel(t, without(), () => {
    const cluster = require('cluster');
    const modules = Object.keys(require.cache);
    if (cluster.isWorker) process.send(modules, () => process.exit());
    else cluster.fork().on('message', (worker) => console.log(JSON.stringify({ primary: modules, worker })));
  });
  const missing = (side, folders) =>
    folders
      .flatMap((folder) => fs.readdirSync(path.join(root, 'lib', folder)).map((name) => `lib/${folder}/${name}`))
      .filter((name) => name.endsWith('.js') && !loaded[side].includes(path.join(root, name)));
  assert.deepStrictEqual(missing('primary', ['primary', 'supervisor', 'supervisor/upgrade', 'sharing', 'channel']), []);
  // These are loaded when a worker starts, or not at all.
  const atStart = ['application_metrics', 'awake', 'heartbeat', 'inspectable', 'orphan', 'registries', 'session_keys'];
  assert.deepStrictEqual(
    missing('worker', ['worker', 'channel']),
    atStart.map((name) => `lib/worker/${name}.js`),
  );
});

test('a program can not give itself permission', limit, async (t) => {
  const said = await underModel(t, without('--allow-child'), () => {
    process.permission.has = () => true;
    const { ChildProcess } = require('child_process');
    Object.getPrototypeOf(new ChildProcess()._handle).spawn = () => 0;
    try {
      require('cluster').fork();
    } catch ({ code, permission }) {
      console.log(JSON.stringify([code, permission]));
    }
  });
  assert.deepStrictEqual(said, ['ERR_ACCESS_DENIED', 'ChildProcess']);
});

test('a supervisor that may not fork is none', limit, async (t) => {
  const said = await underModel(t, without('--allow-child'), () => {
    const cluster = require('cluster');
    const errors = [1, 2].map((workers) => {
      try {
        return cluster.supervise({ workers });
      } catch ({ code, permission }) {
        return [code, permission];
      }
    });
    console.log(JSON.stringify(errors));
  });
  const denied = ['ERR_ACCESS_DENIED', 'ChildProcess'];
  assert.deepStrictEqual(said, [denied, denied]);
});

test(
  'a supervisor that has to know how much memory its workers have reads it, or says that it may not',
  limit,
  async (t) => {
    const may = [`--allow-fs-read=${root}/*`, '--allow-fs-read=/tmp/*'];
    const said = await underModel(t, [...without('--allow-fs-read'), ...may], () => {
      const wanting = [{ workers: 1, maxMemory: 1e9 }, { workers: { min: 1, max: 2 } }];
      const errors = wanting.map((options) => {
        try {
          return require('cluster').supervise(options);
        } catch ({ code, permission }) {
          return [code, permission];
        }
      });
      console.log(JSON.stringify(errors));
    });
    const denied = ['ERR_ACCESS_DENIED', 'FileSystemRead'];
    assert.deepStrictEqual(said, [denied, denied]);
  },
);

test('systemd is not told without the network', denies('net'), async (t) => {
  const notify = path.join(scratch(t), 'notify');
  const source = () => {
    try {
      require('cluster').supervise({ workers: 1 });
    } catch ({ code, permission, resource }) {
      console.log(JSON.stringify([code, permission, resource, process.env.NOTIFY_SOCKET]));
    }
  };
  const said = await underModel(t, without('--allow-net'), source, { NOTIFY_SOCKET: notify });
  assert.deepStrictEqual(said, ['ERR_ACCESS_DENIED', 'Net', notify, notify]);
});

test('each of the UDP sockets that senders are spread over needs the network', denies('net'), async (t) => {
  const said = await underModel(t, without(), () => {
    const cluster = require('cluster');
    const dgram = require('dgram');
    if (cluster.isWorker) {
      dgram.createSocket('udp4').bind(0, '127.0.0.1');
      return;
    }
    cluster.setupPrimary({ scheduling: { spreadDatagrams: true } });
    process.on('uncaughtException', ({ code, resource }) => {
      console.log(JSON.stringify([code, resource]));
      process.exit();
    });
    cluster.on('listening', () => {
      process.permission.drop('net');
      cluster.fork();
    });
    cluster.fork();
  });
  assert.deepStrictEqual(said, ['ERR_ACCESS_DENIED', '127.0.0.1']);
});

test('a socket that systemd has opened needs the network where it listens', denies('net'), async (t) => {
  const source = (register) => {
    const cluster = require('cluster');
    const net = require('net');
    const { PORT } = process.env;
    if (cluster.isWorker) {
      net.createServer().listen(PORT, '127.0.0.1');
    } else if (PORT) {
      process.env.LISTEN_PID = process.pid;
      process.permission.drop('net');
      process.on('uncaughtException', ({ code, permission }) => {
        console.log(JSON.stringify([code, permission]));
        process.exit();
      });
      cluster.supervise({ workers: 1 });
    } else {
      const server = net.createServer().listen(0, '127.0.0.1', () => {
        const env = { ...process.env, PORT: server.address().port, LISTEN_FDS: 1 };
        const stdio = ['ignore', 'inherit', 'inherit', server._handle.fd];
        const args = ['-r', register, ...process.execArgv, __filename];
        require('child_process').spawn(process.execPath, args, { env, stdio });
        server.close();
      });
    }
  };
  const said = await underModel(t, without(), source, {}, register);
  assert.deepStrictEqual(said, ['ERR_ACCESS_DENIED', 'Net']);
});
