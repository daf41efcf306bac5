'use strict';

// Tries examples/hello.js, however it is started.

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const http = require('node:http');

/** The text that a server answers to a request on a connection of its own. */
async function fetchText(url) {
  const [response] = await once(http.get(url, { agent: false }), 'response');
  let text = '';
  for await (const part of response.setEncoding('utf8')) text += part;
  return text;
}

/**
 * Starts the example by a command, asks until every worker has answered, and stops it.
 *
 * @param {string} cwd the folder to run the command in
 * @param {string[]} command the program and its arguments
 * @returns {Promise<string[]>} the different answers
 */
async function tryHello(cwd, [program, ...args]) {
  // In a process group of its own, so that what the command starts can be stopped with it.
  const stdio = ['ignore', 'pipe', 'inherit'];
  const child = spawn(program, args, { cwd, detached: true, stdio, env: { ...process.env, PORT: '0' } });
  const closed = once(child, 'close');
  try {
    let output = '';
    let announced;
    for await (const part of child.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
      output += part;
      announced = /^(\d+) workers answer on (http:\S+)$/m.exec(output);
      if (announced !== null) break;
    }
    if (!announced) throw new Error(`no address was printed:\n${output}`);
    child.stdout.resume();

    const [, workers, url] = announced;
    const answers = new Set();
    for (let request = 0; answers.size < workers && request < 100 * workers; request += 1) {
      answers.add(await fetchText(url));
    }
    if (answers.size !== Number(workers)) throw new Error(`only these of ${workers} have answered: ${[...answers]}`);
    return [...answers].sort();
  } finally {
    process.kill(-child.pid, 'SIGTERM');
    await closed;
  }
}

module.exports = { tryHello };

if (require.main === module) {
  tryHello(process.cwd(), process.argv.slice(2)).then(
    (answers) => process.stdout.write(answers.join('')),
    (error) => {
      console.error(error);
      process.exitCode = 1;
    },
  );
}
