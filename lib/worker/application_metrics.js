'use strict';

// What a program counts by prom-client, for the admin port of its primary; see `lib/supervisor/application_metrics.js`.

const { Object, String, arrays, isFinite, strings } = require('../primordials.js');
const { METRICS, answerOwn, ask } = require('../channel/requests.js');
const registries = require('./registries.js');

let gathering; // so that no more is begun while it takes its time
let hasWarned = false;

/** A string as it stands in the text format. */
function escape(text) {
  return strings.replaceAll(strings.replaceAll(String(text), '\\', '\\\\'), '\n', '\\n');
}

/** The name of a series with its labels in the order of their names, so that it is the same in each worker. */
function seriesOf(name, labels = {}) {
  const inOrder = arrays.toSorted(Object.keys(labels));
  const texts = arrays.map(inOrder, (label) => `${label}="${strings.replaceAll(escape(labels[label]), '"', '\\"')}"`);
  return texts.length > 0 ? `${name}{${arrays.join(texts, ',')}}` : name;
}

/** A number that JSON can hold, or its name in the text format. */
function valueOf(value) {
  if (isFinite(value)) return value;
  if (value === Infinity) return '+Inf';
  return value === -Infinity ? '-Inf' : 'NaN';
}

function describe({ aggregator = 'sum', help, name, type, values }) {
  const samples = arrays.map(values, ({ labels, metricName = name, value }) => [
    seriesOf(metricName, labels),
    valueOf(value),
  ]);
  return { name, help: escape(help), type, aggregator, samples };
}

async function gather() {
  const families = [];
  for (const { registry, names } of registries.metrics()) {
    try {
      const all = await registry.getMetricsAsJSON();
      const own = arrays.filter(all, ({ name }) => arrays.includes(names, name));
      arrays.push(families, ...arrays.map(own, describe));
    } catch (error) {
      warn(error);
    }
  }
  return families;
}

function warn(error) {
  if (hasWarned) return;
  hasWarned = true;
  process.emitWarning(`Metrics of a registry are missing, since one of them can't be collected: ${error?.message}`, {
    code: 'CLUSTER_RS_METRICS',
  });
}

function setUp() {
  registries.setUp();
  answerOwn(METRICS, async () => {
    gathering ??= gather();
    try {
      return await gathering;
    } finally {
      gathering = undefined;
    }
  });
}

/** Tells the primary what has been counted, before this process ends. Nobody waits for it. */
async function tellLast(worker) {
  await ask(worker, METRICS, await gather()).catch(() => {}); // The primary may be ending, too.
}

module.exports = { setUp, tellLast };
