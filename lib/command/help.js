'use strict';

const HELP = `Usage: cluster-rs app.js [options] [-- arguments of app.js]
       cluster-rs list | status | top | reload | upgrade | restart | stop | unit
       cluster-rs scale [NAME] N | logs [NAME] [-n LINES] [--no-follow]
       cluster-rs profile [NAME] ID --cpu TIME | --heap [--out FILE]
Runs a program on all cores, and keeps it alive. docs/command.md has more.
  -w, --workers N         how many; max: one for each core; 2..8: by load
      --name NAME         for the commands above (the package's name)
      --policy POLICY     rr, least, none, sticky, or sticky:KEY as header:NAME
      --rebalance on|off, --max-wait TIME     where connections go, and when not
      --grace TIME        for what is in progress (7s); --lame-duck TIME before,
                          --kill-timeout TIME after; --stop-signal NAME or
                          --stop-message TEXT to end; --reload-signals NAMES
      --spares N, --scale-down-after TIME     more that wait; fewer after calm
      --max-memory SIZE, --max-age TIME, --max-requests N, --hang-timeout TIME,
      --ill-timeout TIME  replace a worker that exceeds it; --hang-report: where
      --wait-ready, --ready-after TIME, --start-timeout TIME (30s)
      --min-delay TIME, --max-delay TIME, --max-deaths N, --deaths-within TIME
      --admin ADDRESS     a page, /metrics, /live, /ready: at a port or a path
      --primary FILE      runs in the primary; --node-args ARGS for each worker
      --prefix, --watch   name the worker in each line; reload on changes
      --config FILE       else cluster.config.js or .json, or package.json;
                          ecosystem.config.js with --env NAME, --only NAMES
  TIME is 250ms, 10s, 5m or 1h; SIZE is 300M or 1G.  --json: JSON for scripts.
Exit codes: 0 done, 1 failed, 2 wrong usage, 3 no such program runs.
`;

module.exports = { HELP };
