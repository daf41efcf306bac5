'use strict';

// A registry of packages that has nothing but what it is given.

const { createHash } = require('node:crypto');
const { once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const { run } = require('../package/commands.js');

function readManifest(tarball) {
  const { stdout } = run(path.dirname(tarball), ['tar', '-xzOf', tarball, 'package/package.json']);
  return JSON.parse(stdout);
}

/** What a registry tells of a package that has one version. */
function describe(url, tarball) {
  const manifest = readManifest(tarball);
  const { name, version } = manifest;
  const content = fs.readFileSync(tarball);
  const hash = (algorithm, encoding) => createHash(algorithm).update(content).digest(encoding);
  const dist = {
    tarball: `${url}/${name}/-/${path.basename(tarball)}`,
    integrity: `sha512-${hash('sha512', 'base64')}`,
    shasum: hash('sha1', 'hex'),
  };
  // Long ago: some package managers wait until a version has been there for a while.
  const published = '2020-01-01T00:00:00.000Z';
  return {
    name,
    'dist-tags': { latest: version },
    versions: { [version]: { ...manifest, dist } },
    time: { created: published, modified: published, [version]: published },
  };
}

/**
 * Serves packages on a port of 127.0.0.1.
 *
 * @param {string[]} tarballs their paths
 * @returns {Promise<{ url: string, close: () => void }>}
 */
async function serveRegistry(tarballs) {
  const packages = {};
  const server = http.createServer((request, response) => {
    const [, name, , file] = decodeURIComponent(request.url.split('?')[0]).split('/');
    const tarball = tarballs.find((one) => path.basename(one) === file);
    if (tarball !== undefined) return fs.createReadStream(tarball).pipe(response);
    if (packages[name] === undefined) response.statusCode = 404;
    else response.setHeader('content-type', 'application/json');
    return response.end(JSON.stringify(packages[name] ?? { error: 'not found' }));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const url = `http://127.0.0.1:${server.address().port}`;
  for (const tarball of tarballs) {
    const description = describe(url, tarball);
    packages[description.name] = description;
  }
  return { url, close: () => server.close().closeAllConnections() };
}

module.exports = { serveRegistry };
