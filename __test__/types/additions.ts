// Compiled, never run: what is ours alone.

import builtin from 'node:cluster';
import cluster, { type DrainOptions, type Figures, type RequestOptions, type Scheduling } from 'cluster-rs';

const scheduling: Scheduling = { takeBackAfter: 50 };
cluster.setupPrimary({ exec: 'worker.js', scheduling });

const options: RequestOptions = { timeout: 1000 };
const worker = cluster.fork();
const answer: Promise<{ sum: number }> = worker.request({ add: [1, 2] }, options);
cluster.worker?.request('config').then((config) => config.name);
cluster.on('online', (online) => online.request('ready?'));

cluster.onRequest((message, from) => (from.id === 1 ? message.add : null));
cluster.onRequest(async () => 'later');

const taken: number = cluster.broadcast({ config: { name: 'value' } });
const figures: Figures = cluster.figures();
const numbers: number[] = [figures.accepted, figures.taken, figures.takenBack, figures.givenBack];
numbers.push(figures.closed, figures.queued, figures.waiting, taken);

const drain: DrainOptions = { move: false };
worker
  .drain()
  .drain(drain)
  .once('exit', () => {});
process.on('drain', () => {});

// It is the same object.
const native: boolean = builtin.native;

// @ts-expect-error: a symbol can't be sent.
cluster.broadcast(Symbol('no'));
// @ts-expect-error: milliseconds.
worker.request('ready?', { timeout: '1s' });
// @ts-expect-error: a boolean.
worker.drain({ move: 'yes' });
// @ts-expect-error: no such setting.
cluster.setupPrimary({ scheduling: { takeBackBefore: 1 } });

export { answer, native, numbers };
