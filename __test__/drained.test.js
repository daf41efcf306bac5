'use strict';

// How a worker ends that has been drained: what it still does for clients is finished, a signal that the program only hears
// or passes on ends it as any other process, and what merely keeps it alive does not.

const assert = require('node:assert');
const { once } = require('node:events');
const http = require('node:http');
const net = require('node:net');
const { describe, it } = require('node:test');
const { get, startOurs, write } = require('./support.js');

const timeout = 60_000;

/** A primary with one worker, that drains it when it is told to. The worker's program is a function of its server. */
function service({ source, ports }) {
  const cluster = require('cluster');
  if (cluster.isPrimary) {
    const worker = cluster.fork();
    worker.on('exit', (code, signal) => console.log(`exit ${code} ${signal}`));
    cluster.on('listening', (_, { port }) => console.log(`port ${port}`));
    process.stdin.once('data', () => worker.drain());
    worker.on('exit', () => process.stdin.destroy());
  } else {
    const say = (text) => require('fs').writeSync(1, `${text}\n`); // At once: its end may be near.
    const server = require('http').createServer();
    eval(source)(server, say, ports);
    server.listen(0, '127.0.0.1');
  }
}

/** Has the worker answer one request, and drains it. */
async function drain(t, program, ports) {
  const source = `(${program})`;
  const running = startOurs(t, [write(t, service, { source, ports })]);
  const [, port] = await running.line(/^port (\d+)/);
  await get(port);
  running.tell('drain');
  await running.line(/^exit/);
  await running.end();
  return running.stdout.trim().split('\n').slice(1);
}

/** Listens in this process, as others do whom a program asks for something. */
async function listen(t, server) {
  const sockets = new Set();
  server.on('connection', (socket) => sockets.add(socket.on('error', () => {})));
  server.listen(0, '127.0.0.1');
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  await once(server, 'listening');
  return server.address().port;
}

describe('work after the answer is finished', { concurrency: 3 }, () => {
  it('which begins later, beside a timer that lasts', { timeout }, async (t) => {
    const lines = await drain(t, (server, say) => {
      setInterval(() => {}, 1000);
      server.on('request', (_, response) => {
        response.end();
        setTimeout(() => setTimeout(say, 500, 'done'), 1000);
      });
    });
    assert.deepStrictEqual(lines, ['done', 'exit 0 null']);
  });

  it('which waits for somebody else', { timeout }, async (t) => {
    const slow = http.createServer((_, response) => setTimeout(() => response.end(), 2000));
    const lines = await drain(
      t,
      (server, say, [port]) => {
        setInterval(() => {}, 1000);
        server.on('request', (_, response) => {
          response.end();
          require('http').get({ port, host: '127.0.0.1' }, (answer) => answer.resume().on('end', () => say('done')));
        });
      },
      [await listen(t, slow)],
    );
    assert.deepStrictEqual(lines, ['done', 'exit 0 null']);
  });

  it('over a connection that was there before', { timeout }, async (t) => {
    const database = net.createServer((socket) => socket.on('data', () => setTimeout(() => socket.write('x'), 400)));
    const lines = await drain(
      t,
      (server, say, [port]) => {
        const connection = require('net').connect(port, '127.0.0.1');
        server.on('request', (_, response) => {
          response.end();
          connection.write('x');
          connection.on('data', () => say('done'));
        });
      },
      [await listen(t, database)],
    );
    assert.deepStrictEqual(lines, ['done', 'exit 0 null']);
  });

  it('also where a signal is only passed on', { timeout }, async (t) => {
    const lines = await drain(t, (server, say) => {
      setInterval(() => {}, 1000);
      process.on('SIGTERM', function passOn() {
        if (process.listenerCount('SIGTERM') > 1) return;
        process.removeListener('SIGTERM', passOn);
        process.kill(process.pid, 'SIGTERM');
      });
      server.on('request', (_, response) => {
        response.end();
        setTimeout(say, 500, 'done');
      });
    });
    assert.deepStrictEqual(lines, ['done', 'exit null SIGTERM']);
  });
});

describe('what lasts keeps nobody', { concurrency: 3 }, () => {
  it('a timer, a poller and a pool', { timeout }, async (t) => {
    const lines = await drain(
      t,
      (server, say, [port]) => {
        setInterval(() => {}, 1000);
        (function poll() {
          setTimeout(poll, 100);
        })();
        require('net').connect(port, '127.0.0.1');
        server.on('request', (_, response) => {
          console.log('first output'); // It is there from now on, and is no work.
          response.end();
        });
      },
      [await listen(t, net.createServer())],
    );
    assert.deepStrictEqual(lines, ['first output', 'exit 0 null']);
  });

  it('where the signal is passed on', { timeout }, async (t) => {
    const lines = await drain(
      t,
      (server, say, [port]) => {
        process.on('SIGTERM', function passOn() {
          if (process.listenerCount('SIGTERM') > 1) return;
          process.removeListener('SIGTERM', passOn);
          say('passes it on');
          process.kill(process.pid, 'SIGTERM');
        });
        server.on('request', (_, response) => {
          // A pool that begins with the first request can't be told from work.
          require('net').connect(port, '127.0.0.1');
          response.end();
        });
      },
      [await listen(t, net.createServer())],
    );
    assert.deepStrictEqual(lines, ['passes it on', 'exit null SIGTERM']);
  });

  it('where the signal is only heard', { timeout }, async (t) => {
    const collector = http.createServer((_, response) => setTimeout(() => response.end(), 1500));
    const lines = await drain(
      t,
      (server, say, [port]) => {
        setInterval(() => {}, 1000);
        process.on('SIGTERM', async () => {
          await fetch(`http://127.0.0.1:${port}/`).then((answer) => answer.text());
          say('told');
        });
        process.on('SIGTERM', () => console.log('SIGTERM'));
        server.on('request', (_, response) => response.end());
      },
      [await listen(t, collector)],
    );
    assert.deepStrictEqual(lines, ['SIGTERM', 'told', 'exit 0 null']);
  });
});

describe('who handles the signal', { concurrency: 3 }, () => {
  it('has the time that it takes', { timeout }, async (t) => {
    const slow = http.createServer((_, response) => setTimeout(() => response.end(), 2500));
    const lines = await drain(
      t,
      (server, say, [port]) => {
        setInterval(() => {}, 1000);
        process.on('SIGTERM', () => {
          server.close(() => {
            require('http').get({ port, host: '127.0.0.1' }, () => {
              say('closed');
              process.exit(7);
            });
          });
        });
        server.on('request', (_, response) => response.end());
      },
      [await listen(t, slow)],
    );
    assert.deepStrictEqual(lines, ['closed', 'exit 7 null']);
  });

  it('gets SIGINT, if SIGTERM is only passed on', { timeout }, async (t) => {
    const lines = await drain(t, (server, say) => {
      process.once('SIGTERM', () => process.kill(process.pid, 'SIGTERM'));
      process.on('SIGINT', () => {
        say('SIGINT');
        process.exit(8);
      });
      server.on('request', (_, response) => response.end());
    });
    assert.deepStrictEqual(lines, ['SIGINT', 'exit 8 null']);
  });

  it('and throws, ends as by any exception', { timeout }, async (t) => {
    const lines = await drain(t, (server) => {
      setInterval(() => {}, 1000);
      process.on('SIGTERM', () => {
        throw new Error('no');
      });
      server.on('request', (_, response) => response.end());
    });
    assert.deepStrictEqual(lines, ['exit 1 null']);
  });
});
