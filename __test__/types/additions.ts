// Compiled, never run: what is ours alone.

import builtin from 'node:cluster';
import cluster, { type Figures, type RequestOptions, type Scheduling, type Supervisor } from 'cluster-rs';

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

cluster.setupPrimary({ scheduling: { policy: 'sticky', key: 'cookie:session', spreadDatagrams: true } });
cluster.setScheduler(({ remoteAddress }, workers) => workers.find(({ id }) => remoteAddress === `10.0.0.${id}`));
cluster.setScheduler(null);
worker.pause().resume().weight = 2;
cluster.schedulingPolicy = cluster.SCHED_STICKY;

const supervisor: Supervisor = cluster.supervise({ workers: 'max', spares: 1, gracePeriod: 5000 });
supervisor.on('death', (dead, code, signal, delay) => console.log(dead.id, code?.toFixed(), signal, delay?.toFixed()));
supervisor.on('scaled', (from, to, reason) => console.log(to - from, reason.trim()));
supervisor.scale({ min: 2, max: 'max' });
supervisor.once('reload', (done, of) => console.log(done / of));
const memory: number[] = supervisor.status().map((row) => row.memory);
const upgraded: Promise<number> = supervisor.upgrade({ execPath: '/opt/node/bin/node', env: { OLD: undefined } });
supervisor.on('upgradeFailed', (error) => console.log(error.message, upgraded));
const stopped: Promise<void> = supervisor.reload().then(() => supervisor.stop());
cluster.supervise({ env: (place) => ({ LEVEL: '1', PLACE: `${place}` }), readyAfter: 3000, stopMessage: 'shutdown' });
cluster.supervise({ finishWithoutPrimary: true });
worker.drain({ move: false });
cluster.worker?.ready();

// It is the same object.
const native: boolean = builtin.native;

// @ts-expect-error: a symbol can't be sent.
cluster.broadcast(Symbol('no'));
// @ts-expect-error: milliseconds.
worker.request('ready?', { timeout: '1s' });
// @ts-expect-error: no such setting.
cluster.setupPrimary({ scheduling: { takeBackBefore: 1 } });
// @ts-expect-error: no such key.
cluster.setupPrimary({ scheduling: { policy: 'sticky', key: 'body' } });

cluster.supervise({ workers: { min: 2, max: 8 }, scaleDownAfter: 60_000 });
// @ts-expect-error: a range has a most.
cluster.supervise({ workers: { min: 2 } });
// @ts-expect-error: no such option.
cluster.supervise({ grace: 5000 });

export { answer, memory, native, numbers, stopped };

const visits = cluster.store<number>('visits', { maxEntries: 1000, maxBytes: 1e6, ttl: 60_000, full: 'refuse' });
visits.incr('a', 2, { ttl: Infinity }).then((sum) => sum.toFixed());
visits.get('a').then((value) => value?.toFixed());
visits.compareAndSet('a', undefined, 1).then((isSet: boolean) => isSet);
async function share() {
  for await (const change of visits.watch('a')) {
    if (change.type === 'set') numbers.push(change.value);
  }
  const lock = await cluster.lock('a', { ttl: 1000, wait: 0, signal: AbortSignal.timeout(5) });
  numbers.push(lock.fence, await cluster.publish('topic', { a: 1 }));
  const { unsubscribe } = await cluster.subscribe('topic', (message, topic) => message.a + topic);
  await unsubscribe();
  const lead = cluster.lead('work', async (signal, fence) => signal.aborted || fence);
  if (lead.isLeader) await lead.stop();
  const connection = cluster.connect({ redis: {}, prefix: 'a:' });
  await connection.store('visits').set('a', 1);
  await connection.close();
  return lock.release();
}
share().then((had: boolean) => had);
