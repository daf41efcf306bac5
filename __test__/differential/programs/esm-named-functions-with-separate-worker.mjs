import {
  fork,
  setupPrimary,
  workers,
  settings,
  schedulingPolicy,
  SCHED_RR,
  SCHED_NONE,
  disconnect,
  setupMaster,
} from 'cluster';
import { fileURLToPath } from 'node:url';

console.log(workers, settings, schedulingPolicy === SCHED_RR, SCHED_NONE, setupMaster === setupPrimary);
setupPrimary({ exec: fileURLToPath(new URL('fixtures/idle.mjs', import.meta.url)) });
const worker = fork();
console.log(Object.keys(workers), Object.keys(settings));
worker.on('online', () => disconnect(() => console.log('disconnected')));
worker.on('exit', (code) => console.log('exit', code));
