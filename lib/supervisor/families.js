'use strict';

// Metrics of several processes, summed up as prom-client's `AggregatorRegistry` does. A family is
// `{ name, help, type, aggregator, samples: [series, value][] }`; a value that is no finite number is its name in the text format.

const { Map, Math, arrays, isFinite, strings } = require('../primordials.js');

const NUMBERS = { __proto__: null, '+Inf': Infinity, '-Inf': -Infinity, NaN };
const numberOf = (value) => (typeof value === 'number' ? value : NUMBERS[value]);

const sum = (values) => {
  let total = 0;
  for (const value of values) total += value;
  return total;
};

const AGGREGATORS = {
  __proto__: null,
  sum,
  average: (values) => sum(values) / values.length,
  first: ([value]) => value,
  max: (values) => Math.max(...values),
  min: (values) => Math.min(...values),
};

/**
 * One family of each name.
 * @param {object[][]} lists the families of each process
 * @returns {object[]} without those that are not to be summed up (`omit`)
 */
function aggregate(lists) {
  const found = new Map(); // by name
  for (const family of arrays.flat(lists)) {
    const { aggregator, name, type } = family;
    if (aggregator === 'omit') continue;
    if (!found.has(name)) found.set(name, { ...family, samples: new Map() });
    const { samples, type: first } = found.get(name);
    if (type !== first) continue; // A name stands for one thing.
    for (const [series, value] of family.samples) {
      if (!samples.has(series)) samples.set(series, []);
      arrays.push(samples.get(series), numberOf(value));
    }
  }
  return arrays.map([...found.values()], (family) => {
    const add = AGGREGATORS[family.aggregator] ?? sum;
    return { ...family, samples: arrays.map([...family.samples], ([series, values]) => [series, add(values)]) };
  });
}

/** Whether a series is a count or a sum of what has been, and not what is now. */
function isCount({ aggregator, name, type }, series) {
  if (aggregator !== 'sum') return false;
  if (type === 'counter' || type === 'histogram') return true;
  const rest = strings.slice(series, name.length);
  return type === 'summary' && (strings.startsWith(rest, '_sum') || strings.startsWith(rest, '_count'));
}

/** What stays counted when the process has ended. */
function countsOf(families) {
  const counts = arrays.map(families, (family) => ({
    ...family,
    samples: arrays.filter(family.samples, ([series]) => isCount(family, series)),
  }));
  return arrays.filter(counts, ({ samples }) => samples.length > 0);
}

function textOf(value) {
  if (isFinite(value)) return `${value}`;
  if (value === Infinity) return '+Inf';
  return value === -Infinity ? '-Inf' : 'NaN';
}

/** Families in the text format of Prometheus. */
function render(families) {
  return arrays.map(families, ({ help, name, samples, type }) => {
    const lines = arrays.map(samples, ([series, value]) => `${series} ${textOf(value)}\n`);
    return { name, text: `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${arrays.join(lines, '')}` };
  });
}

module.exports = { aggregate, countsOf, render };
