// Compiled, never run: every property, method and event of the module, as a program uses it.

import { strictEqual } from 'node:assert';
import { ChildProcess } from 'node:child_process';
import { Server, Socket } from 'node:net';
import cluster, { type Address, type ClusterSettings, type Worker } from 'cluster-rs';
import 'cluster-rs/register';

const settings: ClusterSettings = {
  args: ['--quiet'],
  cwd: '/srv',
  exec: 'worker.js',
  execArgv: ['--enable-source-maps'],
  gid: 1000,
  inspectPort: () => 9300,
  serialization: 'advanced',
  silent: true,
  stdio: ['pipe', 'inherit', 2, 'ipc'],
  uid: 1000,
  windowsHide: true,
};

cluster.schedulingPolicy = cluster.SCHED_NONE;
cluster.schedulingPolicy = cluster.SCHED_RR;
cluster.setupPrimary();
cluster.setupPrimary(settings);
cluster.setupMaster(settings);
const program: string | undefined = cluster.settings.exec;
const roles: boolean[] = [cluster.isPrimary, cluster.isMaster, cluster.isWorker, cluster.native];

const worker: Worker = cluster.fork({ NAME: 'value' });
const child: ChildProcess = worker.process;
const written: boolean = worker.send({ hello: 'worker' }, (error) => console.log(error?.message));
worker.send('a socket', new Socket(), { keepOpen: true }, () => {});
worker.send('a server', new Server());
worker.kill();
worker.destroy('SIGINT');
worker.disconnect().once('disconnect', () => {});
const states: boolean[] = [worker.isConnected(), worker.isDead(), worker.exitedAfterDisconnect];
const made = new cluster.Worker({ id: 7, process: child, state: 'online' });

worker
  .on('online', () => {})
  .on('listening', (address: Address) => address.addressType)
  .on('message', (message, handle) => [message, handle])
  .on('error', (error: Error) => error.message)
  .on('disconnect', () => {})
  .on('exit', (code: number, signal: string) => [code, signal]);

cluster
  .on('setup', (now: ClusterSettings) => now.args)
  .on('fork', (of: Worker) => of.id)
  .on('online', (of) => of.id)
  .on('listening', (of, address) => [of.id, address.address, address.port, address.addressType])
  .on('message', (of, message, handle) => [of.id, message, handle])
  .once('disconnect', (of) => of.id)
  .prependListener('exit', (of, code, signal) => [of.id, code, signal]);

for (const each of Object.values(cluster.workers ?? {})) each?.send('all');
cluster.worker?.process.send?.('primary');
cluster.disconnect();
cluster.disconnect(() => {});

// @ts-expect-error: what the module does not have is still an error.
cluster.nothing();
// @ts-expect-error: nobody sets it.
cluster.native = true;

strictEqual(made, [program, roles, written, states]);
