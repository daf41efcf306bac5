// Compiled, never run.

import { Worker, fork, isPrimary, native, setupPrimary, worker, type ClusterSettings } from 'cluster-rs';

const settings: ClusterSettings = { silent: true };
setupPrimary(settings);
const forked: Worker = isPrimary ? fork() : new Worker();
const core: boolean = native;

export { core, forked, worker };
