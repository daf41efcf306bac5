'use strict';

const HELP = `Usage: cluster-rs app.js [options] [-- arguments of app.js]
       cluster-rs list | status | reload | restart | stop | unit | version
       cluster-rs scale [NAME] N|max | logs [NAME] [-n LINES] [--no-follow]
Runs a program that listens on all cores, and keeps it alive.
  -w, --workers N|max     how many workers (max: one for each core)
      --policy POLICY     rr, least, none, sticky, or sticky:KEY where KEY is
                          ip, header:NAME, cookie:NAME or query:NAME
      --rebalance on|off  kept-alive connections go where they wait least (on)
      --max-wait TIME     refuse a connection that waits longer for a worker
      --grace TIME        for requests in progress (7s); --lame-duck TIME before
      --stop-signal NAME  for a worker that has finished; --reload-signals NAMES
      --spares N          workers that wait to take the place of a dead one
      --max-memory SIZE, --max-age TIME, --max-requests N, --hang-timeout TIME
                          replace a worker that exceeds it
      --wait-ready        for cluster.worker.ready(); --start-timeout TIME (30s)
      --min-delay TIME, --max-delay TIME, --max-deaths N, --deaths-within TIME
                          when one that has died is started again
      --name NAME         for the commands below (the package's name)
      --primary FILE      runs in the primary, before the first worker
      --prefix            the worker's number before each line of its output
      --node-args ARGS    for Node, in each worker
      --config FILE       else cluster.config.js or .json, or package.json
  TIME is 250ms, 10s, 5m or 1h; SIZE is 300M or 1G.  --json: JSON for scripts.
Exit codes: 0 done, 1 failed, 2 wrong usage, 3 no such program runs.
`;

module.exports = { HELP };
