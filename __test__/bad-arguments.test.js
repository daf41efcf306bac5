'use strict';

// Wrong types for every public function: the errors are those of the built-in module.

const assert = require('node:assert');
const { describe, it } = require('node:test');
const fs = require('node:fs');
const path = require('node:path');
const { run, scratch, write } = require('./support.js');

/** Prints what becomes of calls, one line each: `name(value): error`, or `name(value): fine`. */
function program({ part, report }) {
  const cluster = require('cluster');
  const fs = require('node:fs');
  const { inspect } = require('node:util');

  class Thing {}
  const values = [
    undefined,
    null,
    true,
    false,
    0,
    -0,
    1,
    -1,
    1.5,
    NaN,
    Infinity,
    70000,
    '',
    'text',
    'a text that is longer than twenty-eight characters',
    Symbol('symbol'),
    10n,
    function named() {},
    () => {},
    Thing,
    {},
    { a: 1 },
    [],
    [1],
    ['text'],
    [undefined],
    Object.create(null),
    new Thing(),
    new Date(0),
    /expression/,
    new Map(),
    new Error('an error'),
    Buffer.from('bytes'),
    new URL('file:///nowhere'),
    Promise.resolve(),
  ];

  const lines = [];
  const say = (text) => lines.push(text.replace(/\s+/g, ' '));
  const show = (value) => inspect(value, { depth: 0 }).split('\n', 1)[0];
  /** The words of an error without a code are V8's, about Node's own source. */
  const describe = (error) =>
    error?.code ? `${error.name} ${error.code} ${error.message.split('\n', 1)[0]}` : `${error?.name}`;

  /** Calls a function and says what it throws, and what it calls back. */
  function attempt(name, call) {
    try {
      const result = call((error) => say(`${name} calls back: ${error ? describe(error) : error}`));
      const isPlain = ['boolean', 'undefined', 'string', 'number'].includes(typeof result);
      say(`${name}: ${isPlain ? `gives ${result}` : 'fine'}`);
    } catch (error) {
      say(`${name}: ${describe(error)}`);
    }
  }

  function attemptAll(name, call) {
    for (const value of values) attempt(`${name}(${show(value)})`, (callback) => call(value, callback));
  }

  /** Those methods of sending that a primary's worker and a worker's process have in common. */
  function attemptSending(name, target) {
    attemptAll(`${name}.send of`, (value) => target.send(value));
    attemptAll(`${name}.send with handle`, (value) => target.send('message', value));
    attemptAll(`${name}.send with options`, (value) => target.send('message', undefined, value));
    attemptAll(`${name}.send with options.keepOpen`, (value) => target.send('message', undefined, { keepOpen: value }));
    attemptAll(`${name}.send with callback`, (value) => target.send('message', undefined, undefined, value));
    attemptAll(`${name}.send of, with callback`, (value, callback) => target.send(value, callback));
    const circular = {};
    circular.circular = circular;
    attempt(`${name}.send of a circle`, () => target.send(circular));
    attempt(`${name}.send of a bigint inside`, () => target.send({ a: 1n }));
    attempt(`${name}.send of what throws`, () =>
      target.send({
        toJSON: () => {
          throw new Error('no');
        },
      }),
    );
    attempt(`${name}.send`, () => target.send());
  }

  function end() {
    setTimeout(() => {
      // Callbacks come at a time of their own; how often the same is thrown late depends on it.
      const later = [...new Set(lines.filter((line) => line.includes('calls back')).sort())];
      fs.writeFileSync(report, [...lines.filter((line) => !line.includes('calls back')), ...later].join('\n'));
      process.exit();
    }, 500);
  }

  process.on('uncaughtException', (error) => error?.code && say(`calls back uncaught: ${describe(error)}`));
  process.on('warning', () => {});

  const parts = {
    settings() {
      const names = [
        'exec',
        'args',
        'execArgv',
        'cwd',
        'serialization',
        'silent',
        'stdio',
        'uid',
        'gid',
        'inspectPort',
        'windowsHide',
      ];
      for (const name of names) {
        for (const value of values) {
          if (Object.is(value, -0) && name.endsWith('id')) continue; // The built-in module aborts.
          const label = `${name}: ${show(value)}`;
          // The built-in module takes it for options, and starts what is no worker.
          if (name === 'args' && typeof value === 'object' && value !== null && !Array.isArray(value)) continue;
          if (name === 'execArgv' && typeof value === 'string') continue; // The built-in module fails by accident.
          cluster.settings = {};
          attempt(`setupPrimary({ ${label} })`, () =>
            cluster.setupPrimary({ exec: __filename, args: ['leave'], silent: true, [name]: value }),
          );
          try {
            const worker = cluster.fork();
            say(`fork with ${label}: fine`);
            worker.on('error', () => {});
            if (worker.process.pid) worker.process.kill('SIGKILL'); // Without one, the built-in module signals anybody.
            worker.process.on('error', (error) => say(`calls back ${label}: ${describe(error)}`));
          } catch (error) {
            say(`fork with ${label}: ${describe(error)}`);
          }
        }
      }
      cluster.settings = {};
      attemptAll('setupPrimary', (value) => cluster.setupPrimary(value));
      attemptAll('setupMaster', (value) => cluster.setupMaster(value));
      end();
    },

    fork() {
      cluster.setupPrimary({ exec: __filename, args: ['leave'], silent: true });
      attemptAll('fork', (value) => cluster.fork(value).process.kill('SIGKILL'));
      attemptAll('fork with a variable', (value) => cluster.fork({ NAME: value }).process.kill('SIGKILL'));
      attempt('fork with NUL in a name', () => cluster.fork({ 'a\0b': 'c' }));
      attempt('fork with NUL in a value', () => cluster.fork({ a: 'b\0c' }));
      end();
    },

    worker() {
      attemptAll('new cluster.Worker', (value) => {
        const worker = new cluster.Worker(value);
        return `${worker.id} ${worker.state} ${worker.exitedAfterDisconnect} ${worker.process}`;
      });
      attemptAll('cluster.Worker', (value) => cluster.Worker(value) instanceof cluster.Worker);
      attemptAll('new cluster.Worker with id', (value) => new cluster.Worker({ id: value }).id);
      attemptAll('new cluster.Worker with state', (value) => new cluster.Worker({ state: value }).state === value);
      attemptAll(
        'new cluster.Worker with process',
        (value) => new cluster.Worker({ process: value }).process === value,
      );
      attempt('isDead without a process', () => new cluster.Worker().isDead());
      attempt('isConnected without a process', () => new cluster.Worker().isConnected());
      attempt('send without a process', () => new cluster.Worker().send('message'));
      attempt('kill without a process', () => new cluster.Worker().kill());
      attempt('disconnect without a process', () => new cluster.Worker().disconnect());
      end();
    },

    sending() {
      cluster.setupPrimary({ exec: __filename, args: ['wait'], silent: true });
      const worker = cluster.fork();
      worker.once('online', () => {
        attemptSending('worker', worker);
        attemptSending('worker.process', worker.process);
        setTimeout(() => {
          worker.process.disconnect();
          attempt('worker.send after disconnect', () => worker.send('message'));
          attempt('worker.send after disconnect, with callback', (callback) => worker.send('message', callback));
          attempt('worker.process.disconnect again', () => worker.process.disconnect());
          worker.on('error', (error) => say(`calls back worker error: ${describe(error)}`));
          end();
        }, 300);
      });
    },

    leaving() {
      cluster.setupPrimary({ exec: __filename, args: ['wait'], silent: true });
      attemptAll('cluster.disconnect', (value) => cluster.disconnect(value));
      const worker = cluster.fork();
      worker.once('online', () => {
        // Signals that exist are for another suite.
        const wrong = values.filter((value) => value !== 1 && value !== undefined && typeof value !== 'object');
        const signals = [...wrong, 'SIGNOPE', 'sigterm9', 65, 1000, {}];
        for (const signal of signals) {
          attempt(`worker.process.kill(${show(signal)})`, () => worker.process.kill(signal) && undefined);
          if (signal) attempt(`worker.kill(${show(signal)})`, () => worker.kill(signal));
          if (signal) attempt(`worker.destroy(${show(signal)})`, () => worker.destroy(signal));
        }
        attempt('ref', () => worker.process.ref('wrong'));
        attempt('unref', () => worker.process.unref('wrong'));
        attempt('channel.ref', () => worker.process.channel.ref('wrong'));
        attempt('channel.unref', () => worker.process.channel.unref('wrong'));
        attempt('isDead', () => worker.isDead('wrong'));
        attempt('isConnected', () => worker.isConnected('wrong'));
        attempt('disconnect', () => worker.disconnect('wrong') === worker);
        end();
      });
    },

    policy() {
      for (const value of values) {
        cluster.schedulingPolicy = value;
        // The first call that works fixes the policy; none of these works.
        if (value !== 1) attempt(`fork with policy ${show(value)}`, () => cluster.fork());
        break;
      }
      end();
    },

    inside() {
      cluster.setupPrimary({ exec: __filename, args: ['inside'] });
      cluster.fork();
    },
  };

  function inside() {
    const net = require('node:net');
    const dgram = require('node:dgram');
    const worker = cluster.worker;
    /** Whether a port is free is a matter of luck. */
    const sayFailed = (name, value, error) =>
      error.code !== 'EADDRINUSE' && say(`calls back ${name}(${show(value)}): ${describe(error)}`);
    attemptSending('process', process);
    attemptSending('cluster.worker', worker);
    attemptAll('listen', (value) => {
      const server = net.createServer();
      server.on('error', (error) => sayFailed('listen', value, error));
      server.on('listening', () => server.close());
      server.listen(value);
    });
    for (const name of ['port', 'host', 'backlog', 'path', 'fd', 'exclusive', 'ipv6Only', 'signal']) {
      attemptAll(`listen with ${name}`, (value) => {
        if (name === 'path' && typeof value === 'string' && value !== '') return; // Valid ones.
        if (name === 'host' && typeof value === 'string') return;
        if (name === 'fd' && value === 1) return;
        if (name === 'fd' && (value === Infinity || Object.is(value, -0))) return; // Not the same in JSON.
        const server = net.createServer();
        server.on('error', (error) => sayFailed(`listen with ${name}`, value, error));
        server.on('listening', () => server.close());
        server.listen({
          port: 0,
          host: '127.0.0.1',
          ...(name === 'path' || name === 'fd' ? { port: undefined } : {}),
          [name]: value,
        });
      });
    }
    attemptAll('bind', (value) => {
      const socket = dgram.createSocket('udp4');
      socket.on('error', (error) => sayFailed('bind', value, error));
      socket.on('listening', () => socket.close());
      socket.bind(value);
    });
    attempt('process.channel.ref', () => process.channel.ref('wrong'));
    attempt('process.channel.unref', () => process.channel.unref('wrong'));
    attempt('worker.isDead', () => worker.isDead('wrong'));
    attempt('worker.isConnected', () => worker.isConnected('wrong'));
    setTimeout(() => {
      process.once('disconnect', () => {
        attempt('process.send after disconnect', () => process.send('message'));
        attempt('process.send after disconnect, with callback', (callback) => process.send('message', callback));
        attempt('process.disconnect again', () => process.disconnect());
      });
      worker.exitedAfterDisconnect = true; // Otherwise it leaves at once.
      process.disconnect();
      end();
    }, 1000);
  }

  if (process.argv[2] === 'wait') {
    process.on('message', () => {});
  } else if (process.argv[2] === 'inside') {
    inside();
  } else if (process.argv[2] === undefined) {
    parts[part]();
  }
}

describe('wrong types give the errors of the built-in module', () => {
  for (const part of ['settings', 'fork', 'worker', 'sending', 'leaving', 'policy', 'inside']) {
    it(part, { timeout: 120_000 }, async (t) => {
      const report = path.join(scratch(t), 'report');
      const file = write(t, program, { part, report });
      const results = [];
      for (const builtin of [true, false]) {
        const { code, stderr } = await run(t, [file], { builtin });
        assert.strictEqual(code, 0, stderr);
        results.push(fs.readFileSync(report, 'utf8').split('\n'));
        fs.rmSync(report);
      }
      const [wanted, got] = results;
      const difference = {
        onlyOurs: got.filter((line) => !wanted.includes(line)),
        onlyBuiltin: wanted.filter((line) => !got.includes(line)),
      };
      assert.deepStrictEqual(difference, { onlyOurs: [], onlyBuiltin: [] });
      assert.deepStrictEqual(got, wanted);
    });
  }
});
