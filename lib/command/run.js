'use strict';

// `cluster-rs app.js`: this process becomes the primary.

const path = require('node:path');
const { pathToFileURL } = require('node:url');
const cluster = require('../../index.js');
const { describeFrame } = require('../inspector/stack.js');
const { howItEnded } = require('../supervisor/member.js');
const { readOptions } = require('../supervisor/options.js');
const { exitWhenWritten } = require('../exit.js');
const { inheritance, nodeArguments } = require('../startup.js');
const { endWithParent, runTogether } = require('./pm2/together.js');
const { format } = require('./pm2/dates.js');
const { variablesOf } = require('./pm2/environment.js');
const { configure } = require('./configuration.js');
const { serve } = require('./control.js');
const { currentFolder } = require('./current_folder.js');
const { environmentChanges } = require('./environment.js');
const { Failure, NoSocket, USAGE } = require('./failure.js');
const { Followers } = require('./followers.js');
const { reapOrphans } = require('./orphans.js');
const { Output, PASSED_ON } = require('./output.js');
const { fileSink, say, standardError, standardOutput } = require('./sink.js');
const { factsForUnit } = require('./unit.js');
const { countWorkers } = require('./units.js');
const { VARIABLES: WATCHED, Watch } = require('./watch.js');

// The settings that are options of `cluster.supervise` as they are.
const SAME = [
  'admin',
  'deathsWithin',
  'finishWithoutPrimary',
  'hangReport',
  'illTimeout',
  'killTimeout',
  'lameDuck',
  'maxAge',
  'maxDeaths',
  'maxDelay',
  'maxMemory',
  'maxRequests',
  'minDelay',
  'readyAfter',
  'reloadSignals',
  'scaleDownAfter',
  'spares',
  'startTimeout',
  'stopMessage',
  'stopSignal',
  'waitReady',
  'workers',
];

/** What `cluster.supervise` is told. */
function toSupervisorOptions(settings) {
  const { env, grace, hangTimeout, pm2, watch, ...others } = settings;
  // Programs do not see the terminal behind the pipe, and most of them take this for it.
  const colours = process.stdout.isTTY && !process.env.NO_COLOR ? { FORCE_COLOR: '1' } : {};
  return {
    env: (place) => ({
      ...environmentChanges(),
      ...colours,
      ...env,
      ...(pm2 && variablesOf(pm2, place)),
      ...(watch && WATCHED),
    }),
    exitOnGiveUp: !watch, // A change may mend it.
    gracePeriod: grace,
    hangTimeout,
    replaceHung: hangTimeout > 0,
    ...Object.fromEntries(SAME.map((name) => [name, others[name]])),
  };
}

function tellEvents(supervisor, name) {
  if (supervisor.admin !== undefined) say(`${name} answers /, /metrics, /live and /ready on ${supervisor.admin}`);
  supervisor.on('ready', () => say(`${name} is running with ${countWorkers(supervisor.size)}, process ${process.pid}`));
  const next = (delay) => {
    if (delay === undefined) return '';
    if (delay === 0) return ': the next one is starting';
    const serving = supervisor.workers.length;
    return `: the next one starts in ${delay} ms, ${serving} of ${countWorkers(supervisor.size)} serving`;
  };
  supervisor.on('startFailed', (_, error, delay) => say(`${error.message}${next(delay)}`));
  supervisor.on('death', ({ id }, code, signal, delay) =>
    say(`worker ${id} ${howItEnded({ code, signal })}${next(delay)}`),
  );
  supervisor.on('giveUp', (failures) =>
    say(`${name} is giving up: no worker is left, and ${failures} starts have failed in each place`),
  );
  supervisor.on('hang', ({ id }, stuckFor, { stack, error } = {}) => {
    say(`worker ${id}'s event loop has been blocked for ${stuckFor} ms${stack ? ' in' : ''}`);
    for (const frame of stack ?? []) say(`    ${describeFrame(frame)}`);
    if (error) say(error.message);
  });
  supervisor.on('ill', ({ id }, why) => say(`worker ${id} is ill: ${why}`));
  supervisor.on('well', ({ id }) => say(`worker ${id} is well again`));
  supervisor.on('replace', ({ id }, reason) => say(`worker ${id} is being replaced: ${reason}`));
  supervisor.on('scaled', (_, to, reason) => say(`${name} has ${countWorkers(to)}: ${reason}`));
  supervisor.on('notScaled', (wanted, reason) =>
    say(`${name} is staying at ${countWorkers(supervisor.size)}, where ${wanted} are wanted: ${reason}`),
  );
  supervisor.on('reloaded', () => say(`${name} has been reloaded`));
  supervisor.on('reloadFailed', (error) => say(error.message));
  supervisor.on('upgrade', () => say(`${name} is being upgraded: another primary is starting`));
  supervisor.on('upgraded', (pid) => say(`${name} has been upgraded: process ${pid} serves it`));
  supervisor.on('upgradeFailed', (error) => say(error.message));
  supervisor.on('lameDuck', (time) => say(`${name} is stopping in ${time} ms, and accepting connections until then`));
  supervisor.on('stop', () => say(`${name} is stopping`));
}

/** Reports the steps of something that takes a while. */
async function withProgress(supervisor, event, tell, act) {
  const report = (done, of) => tell({ done, of });
  supervisor.on(event, report);
  try {
    await act();
  } finally {
    supervisor.off(event, report);
  }
}

/** What each command does here. */
function commandsOf(supervisor, followers, info, settings, start) {
  return {
    info,
    unit: () => factsForUnit(settings, readOptions(toSupervisorOptions(settings))),
    status: () => ({ ...info(), workers: supervisor.status() }),
    reload: (_, tell) => withProgress(supervisor, 'reload', tell, () => supervisor.reload()),
    upgrade({ execPath }) {
      if (process.channel) {
        throw new Failure(
          'an application that runs together with others is not upgraded: run it by itself, with --only',
        );
      }
      const { args, folder: cwd } = start;
      return supervisor.upgrade({ execPath, args, cwd, env: { ...environmentChanges(), PWD: cwd } });
    },
    restart: (_, tell) => withProgress(supervisor, 'restart', tell, () => supervisor.restart()),
    async inspect({ id }, tell, gone) {
      const { url, close } = await supervisor.inspect(id);
      tell({ url });
      await gone;
      await close();
    },
    async scale({ workers }) {
      await supervisor.scale(workers);
      return supervisor.size;
    },
    async stop() {
      await supervisor.stop();
      setImmediate(exitWhenWritten); // After the answer.
    },
    logs: (request, tell, gone) => followers.answer(request, tell, gone),
  };
}

/** Runs what is to run in the primary, if anything is. */
const runPrimary = (file) => file && import(pathToFileURL(file));

/** What PM2's file wants before each line. */
function timeOf({ dateFormat } = {}) {
  return dateFormat === undefined ? '' : `${format(dateFormat, new Date())}: `;
}

/** Where a program's output goes: into files that PM2's names, or else where this process's own goes. */
function sinksOf({ errorFile, logFile, outFile } = {}) {
  const sinks = (file, usual) => {
    const files = [file, logFile].filter((name) => name !== undefined).map(fileSink);
    return files.length > 0 ? files : [usual];
  };
  try {
    return { output: sinks(outFile, standardOutput), error: sinks(errorFile, standardError) };
  } catch (error) {
    throw new Failure(`output can't be written: ${error.message}`);
  }
}

/** How this process was started: in a folder, by the name that the user has for it, and with which arguments of Node. */
function howStarted() {
  const folder = currentFolder('');
  const [, command, ...others] = process.argv;
  const inside = path.relative(process.cwd(), command); // Node has followed the links.
  const isInside = !inside.startsWith('..') && !path.isAbsolute(inside);
  return { folder, args: [...nodeArguments, isInside ? path.join(folder, inside) : command, ...others] };
}

/** Runs a program until it is stopped. */
async function run(options, positionals, rest) {
  const start = howStarted();
  const settings = await configure(options, positionals, rest);
  const {
    applications,
    args,
    folder,
    name,
    nodeArgs = [],
    policy = 'rr',
    maxWait,
    rebalance,
    prefix = false,
  } = settings;
  if (applications) return runTogether(applications, settings.file, options, rest);
  const { hangReport, hangTimeout = 0, pm2, primary, program } = settings;
  if (hangReport && hangTimeout === 0) {
    throw new Failure('missing --hang-timeout TIME: --hang-report is about workers that exceed it', USAGE);
  }
  endWithParent();
  if (pm2?.notes.length > 0) say(`${name}: ${pm2.notes.join('; ')}`);

  const [, kind, key] = /^([^:]+):?(.*)$/s.exec(policy);
  cluster.setupPrimary({
    exec: program,
    cwd: folder,
    args,
    execArgv: [...process.execArgv, ...nodeArgs],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    scheduling: { policy: kind, ...(key && { key }), rebalance, maxWait },
  });
  const output = new Output((id) => `${timeOf(pm2)}${prefix ? `${id} | ` : ''}`, sinksOf(pm2));
  cluster.on('fork', (worker) => output.follow(worker));

  reapOrphans(cluster);

  const about = (size) => ({ name, pid: process.pid, program, uptime: Math.round(process.uptime() * 1000), size });
  const commands = { info: () => about(0) };
  const answer = (request, tell, gone) => {
    if (request.command !== 'info' && !Object.hasOwn(commands, 'status'))
      throw new Failure(`${name} is starting: try again`);
    if (!Object.hasOwn(commands, request.command)) throw new Failure(`unknown command: ${request.command}`);
    return commands[request.command](request, tell, gone);
  };
  let server; // for commands, if there can be one
  const listen = async (how) => {
    try {
      server = await serve(name, answer, how);
    } catch (error) {
      if (!(error instanceof NoSocket)) throw error;
      say(`${name} is running without commands, which can't reach it: ${error.message}`);
    }
  };
  if (!inheritance) await listen();
  await runPrimary(primary);
  if (settings.watch) {
    const watch = new Watch(
      (file) => {
        say(`${file} has changed`);
        supervisor.reload().catch(() => {}); // An event has told of it.
      },
      (error) => say(`some changes are not noticed: ${error.message}`),
    );
    cluster.on('fork', (worker) => watch.follow(worker));
  }
  const supervisor = cluster.supervise(toSupervisorOptions(settings));
  const followers = new Followers(output);
  followers.watch(supervisor, () => server !== undefined && server.hasName());
  supervisor.on('leave', (known) => (known.lines = output.last(PASSED_ON)));
  supervisor.on('inherit', ({ lines = [] }) => output.restore(lines));
  supervisor.on('tookOver', () => listen({ replaces: true }));
  supervisor.on('upgradeFailed', () => {
    if (!server || server.hasName()) return;
    server.close();
    listen({ replaces: true });
  });
  tellEvents(supervisor, name);
  Object.assign(
    commands,
    commandsOf(supervisor, followers, () => about(supervisor.size), settings, start),
  );
}

module.exports = { run };
