'use strict';

// The page for people on the admin port, in a browser, and the events behind it. Needs `chromium`, as of Debian's package;
// with CHROMIUM=1 it must be there.

const assert = require('node:assert');
const { spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');
const path = require('node:path');
const { test } = require('node:test');
const { inflateSync } = require('node:zlib');
const { addressAt, openSession } = require('../lib/inspector/session.js');
const { freePort, get, gone, root, run, scratch, start, startOurs, until, write } = require('./support.js');

const limit = { timeout: 120_000 };
const bin = path.join(root, 'bin', 'cluster-rs.js');
const isThere = spawnSync('chromium', ['--version']).status === 0;
const inBrowser = {
  ...limit,
  skip: isThere || process.env.CHROMIUM ? false : 'chromium is missing: apt-get install chromium',
};

const app = `
  const { worker } = require('cluster');
  require('http')
    .createServer((request, response) => {
      if (request.url === '/hang') while (!require('fs').existsSync('go-on'));
      response.end(String(worker.id));
    })
    .listen(process.env.PORT, '127.0.0.1');
`;

async function serve(t, ...args) {
  const folder = scratch(t);
  fs.writeFileSync(path.join(folder, 'app.js'), app);
  const [port, admin] = [await freePort(), await freePort()];
  const options = { cwd: folder, env: { XDG_RUNTIME_DIR: folder, PORT: `${port}` } };
  const program = start(t, [bin, 'app.js', '--name', 'api', '-w', '2', '--admin', `${admin}`, ...args], options);
  await until(
    () => / is running with /.test(program.stderr),
    () => program.output,
  );
  return {
    admin,
    folder,
    port,
    program,
    command: (...words) => run(t, [bin, ...words], options),
  };
}

/** Reads events until one is as wanted; gives that. */
function readEvents(port, isWanted, socketPath) {
  return new Promise((resolve, reject) => {
    const request = http.get({ host: '127.0.0.1', port, socketPath, path: '/events', agent: false, timeout: 20_000 });
    request.on('timeout', () => request.destroy(new Error('no event')));
    request.on('error', reject);
    request.on('response', (response) => {
      assert.strictEqual(response.headers['content-type'], 'text/event-stream');
      let text = '';
      response.setEncoding('utf8').on('data', (part) => {
        text += part;
        const events = text.split('\n\n');
        text = events.pop();
        for (const event of events) {
          const data = JSON.parse(/^data: (.*)$/.exec(event)[1]);
          if (!isWanted(data)) continue;
          resolve(data);
          request.destroy();
          return;
        }
      });
      response.on('end', () => reject(new Error('the events have ended')));
    });
  });
}

/** A page in a browser without a window. */
async function browse(t, url) {
  const folder = scratch(t);
  const flags = ['--headless=new', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', '--disable-dev-shm-usage'];
  const child = spawn('chromium', [...flags, '--remote-debugging-port=0', `--user-data-dir=${folder}`, 'about:blank'], {
    stdio: 'ignore',
    detached: true,
  });
  t.after(async () => {
    process.kill(-child.pid, 'SIGKILL');
    await gone([child.pid]);
  });
  const told = path.join(folder, 'DevToolsActivePort');
  await until(() => fs.existsSync(told) && fs.readFileSync(told, 'utf8').includes('\n'), 'chromium', 60_000);
  const [port] = fs.readFileSync(told, 'utf8').split('\n');
  const session = await openSession(await until(() => addressAt(Number(port)), 'a page'));
  t.after(() => session.close());
  await session.send('Page.enable');
  await session.send('Page.navigate', { url });
  return {
    session,
    /** What an expression gives in the page. */
    async read(expression) {
      const { result } = await session.send('Runtime.evaluate', { expression, returnByValue: true });
      return result.value;
    },
    async show({ width, height, scheme }) {
      const features = [{ name: 'prefers-color-scheme', value: scheme }];
      await session.send('Emulation.setEmulatedMedia', { features });
      await session.send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: false });
    },
    /** A picture, as PNG. */
    async picture() {
      const { data } = await session.send('Page.captureScreenshot', { format: 'png' });
      return Buffer.from(data, 'base64');
    },
  };
}

/** The first pixel of a PNG, and how many different values its bytes have: one that is blank has few. */
function lookAt(png) {
  const parts = [];
  for (let at = 8; at < png.length;) {
    const length = png.readUInt32BE(at);
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT') parts.push(png.subarray(at + 8, at + 8 + length));
    at += length + 12;
  }
  const pixels = inflateSync(Buffer.concat(parts));
  return { first: pixels.subarray(1, 4).toString('hex'), values: new Set(pixels).size };
}

test('events tell what clients have done, also while the primary is busy', limit, async (t) => {
  const { admin, port } = await serve(t);
  for (let i = 0; i < 10; i++) await get(port);
  const requests = ({ workers }) => workers.reduce((sum, worker) => sum + worker.requests, 0);
  const data = await readEvents(admin, (one) => requests(one) === 10);
  assert.strictEqual(data.listeners[0].name, `127.0.0.1:${port}`);
  assert.strictEqual(data.listeners[0].accepted, 10);
  assert.deepStrictEqual(data.ready, { isGood: true, text: '2 of 2 workers in service' });
  assert.deepStrictEqual(
    data.workers.map(({ place, members }) => [place, members.map(({ id, state }) => [id, state])]),
    [
      ['0', [[1, 'ready']]],
      ['1', [[2, 'ready']]],
    ],
  );

  const program = startOurs(t, [
    write(t, () => {
      const cluster = require('cluster');
      if (cluster.isWorker) return require('http').createServer().listen(0, '127.0.0.1');
      const supervisor = cluster.supervise({ workers: 1, admin: 0 });
      supervisor.on('ready', () => {
        console.log(supervisor.admin);
        setTimeout(() => {
          const end = Date.now() + 60_000;
          while (Date.now() < end);
        }, 10);
      });
    }),
  ]);
  const [, blocked] = await program.line(/^127\.0\.0\.1:(\d+)$/);
  let seen = 0;
  await readEvents(Number(blocked), () => ++seen === 4);
});

test('a worker that hangs is seen', limit, async (t) => {
  const { admin, folder, port } = await serve(t);
  const blocked = get(port, { path: '/hang' });
  await readEvents(admin, ({ workers }) => workers.some(({ stillFor }) => stillFor > 1500));
  fs.writeFileSync(path.join(folder, 'go-on'), '');
  await blocked;
  await readEvents(admin, ({ workers }) => workers.every(({ stillFor }) => stillFor < 1500));
});

test('readers that stall, and many of them, harm nobody, and all end with the service', limit, async (t) => {
  const { admin, command, program } = await serve(t);
  const sockets = [];
  t.after(() => sockets.forEach((socket) => socket.destroy()));
  let closed = 0;
  for (let i = 0; i < 200; i++) {
    const socket = net.connect(admin, '127.0.0.1', () => socket.write('GET /events HTTP/1.1\r\nHost: x\r\n\r\n'));
    socket.on('error', () => {}).on('close', () => closed++);
    if (i % 2 === 0) socket.pause();
    else socket.resume();
    sockets.push(socket);
  }
  await readEvents(admin, () => true);
  assert.match(await get(admin, { path: '/metrics' }), /cluster_workers_wanted 2/);
  const { code } = await command('stop', 'api');
  assert.strictEqual(code, 0);
  assert.strictEqual(await program.end(), 0);
  for (const socket of sockets) socket.resume();
  await until(() => closed === 200, 'the end of all streams');
});

test('the page needs nothing but itself', limit, async (t) => {
  const { admin } = await serve(t);
  const text = await get(admin);
  assert.match(text, /^<!doctype html>/);
  assert.ok(text.length < 25_000);
  const links = [...text.matchAll(/(?:src|href|url\()\s*=?\s*["']?([^"'\s>)]+)/g)].map(([, link]) => link);
  assert.deepStrictEqual(
    links.filter((link) => !/^(data:|\/metrics$)/.test(link)),
    [],
  );
  const found = await new Promise((resolve, reject) => {
    http.get({ host: '127.0.0.1', port: admin, method: 'HEAD', agent: false }, resolve).on('error', reject);
  });
  assert.strictEqual(found.statusCode, 200);
  assert.match(found.headers['content-security-policy'], /^default-src 'none';/);
  assert.match(await get(admin, { path: '/else' }), /^there are \/, \/metrics, \/live and \/ready$/m);
});

test('a browser shows it, in light and dark, wide and narrow', inBrowser, async (t) => {
  const { admin, command, folder, port, program } = await serve(t);
  const { picture, read, session, show } = await browse(t, `http://127.0.0.1:${admin}/`);
  const problems = [];
  session.on('Runtime.exceptionThrown', ({ exceptionDetails }) => problems.push(exceptionDetails.text));
  session.on('Log.entryAdded', ({ entry }) => problems.push(entry.text));
  await session.send('Runtime.enable');
  await session.send('Log.enable');
  const text = () => read('document.body.innerText');
  const shows = (pattern) =>
    until(
      async () => pattern.test((await text()) ?? ''),
      async () => `${pattern} in: ${await text()}`,
    );

  await show({ width: 1200, height: 900, scheme: 'light' });
  await shows(/^ready$/m);
  for (let i = 0; i < 15; i++) await get(port);
  await shows(/Accepted\n+15\n/);
  await shows(new RegExp(`127\\.0\\.0\\.1:${port}`));
  const rows = await read(
    '[...document.querySelectorAll("#workers tbody tr")].map((row) => row.innerText.split("\\t").slice(0, 3))',
  );
  assert.deepStrictEqual(
    rows.map((row) => row.map((cell) => cell.trim())),
    [
      ['0', 'ready', '1'],
      ['1', 'ready', '2'],
    ],
  );
  const light = lookAt(await picture());
  assert.strictEqual(light.first, 'f6f7f9');
  assert.ok(light.values > 50, `${light.values}`);

  await show({ width: 1200, height: 900, scheme: 'dark' });
  const dark = lookAt(await picture());
  assert.strictEqual(dark.first, '12161c');

  await show({ width: 360, height: 800, scheme: 'light' });
  assert.strictEqual(await read('document.documentElement.scrollWidth'), 360);
  assert.strictEqual(await read('document.querySelector("#workers").scrollWidth <= 360'), true);

  const blocked = get(port, { path: '/hang' });
  await shows(/blocked for \d/);
  fs.writeFileSync(path.join(folder, 'go-on'), '');
  await blocked;
  assert.strictEqual((await command('reload', 'api')).code, 0);
  await shows(/Reloads\n+1\n/);
  assert.deepStrictEqual(problems, []);
  assert.strictEqual((await command('stop', 'api')).code, 0);
  await shows(/^no answer since \d/m);
  assert.strictEqual(await program.end(), 0);
});
