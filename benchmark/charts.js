'use strict';

// The charts of `docs/`, drawn by Vega.

const fs = require('node:fs');
const path = require('node:path');

const OURS = '#c2410c';
const OTHERS = '#94a3b8';

const config = {
  background: 'white',
  font: 'sans-serif',
  padding: 12,
  view: { stroke: null },
  axis: { labelFontSize: 12, titleFontSize: 12, labelLimit: 600 },
  title: { anchor: 'start', fontSize: 15, subtitleFontSize: 12, subtitleColor: '#475569' },
};

const colour = {
  field: 'isOurs',
  type: 'nominal',
  scale: { domain: [true, false], range: [OURS, OTHERS] },
  legend: null,
};

/** Horizontal bars with their values written at the end; `bars` is a list of `{ name, value, text, isOurs }`. */
function barChart(title, subtitle, bars, axisTitle) {
  const y = { field: 'name', type: 'nominal', sort: null, title: null };
  return {
    title: { text: title, subtitle },
    data: { values: bars },
    width: 460,
    height: { step: 30 },
    encoding: {
      y,
      x: { field: 'value', type: 'quantitative', title: axisTitle, axis: { format: '~s', tickCount: 6 } },
    },
    layer: [
      { mark: { type: 'bar', height: 20 }, encoding: { color: colour } },
      { mark: { type: 'text', align: 'left', dx: 4, fontSize: 12 }, encoding: { text: { field: 'text' } } },
    ],
  };
}

/** CPU time of primary and workers, stacked; `bars` is a list of `{ name, process, value }`. */
function stackedChart(title, subtitle, bars, axisTitle) {
  return {
    title: { text: title, subtitle },
    data: { values: bars },
    width: 460,
    height: { step: 30 },
    mark: { type: 'bar', height: 20 },
    encoding: {
      y: { field: 'name', type: 'nominal', sort: null, title: null },
      x: { field: 'value', type: 'quantitative', title: axisTitle },
      order: { field: 'order' },
      color: {
        field: 'process',
        type: 'nominal',
        title: null,
        scale: { domain: ['primary', 'workers'], range: [OURS, OTHERS] },
      },
    },
  };
}

/** How each figure stands to the built-in module's: a dot for each row, and what is wanted. Better is right. */
function ratioChart(title, subtitle, dots) {
  const x = (field) => ({
    field,
    type: 'quantitative',
    scale: { type: 'log', nice: false, padding: 12 },
    axis: { values: [0.5, 1, 2, 5, 10, 20, 50, 100], format: '~r', grid: true },
    title: 'times better than the built-in module',
  });
  const y = { field: 'name', type: 'nominal', sort: null, title: null };
  return {
    title: { text: title, subtitle },
    data: { values: dots },
    width: 460,
    height: { step: 24 },
    layer: [
      { data: { values: [{ one: 1 }] }, mark: { type: 'rule', color: '#475569' }, encoding: { x: x('one') } },
      { mark: { type: 'tick', thickness: 3, size: 18, color: OTHERS }, encoding: { x: x('wanted'), y } },
      { mark: { type: 'point', filled: true, size: 90, color: OURS, opacity: 1 }, encoding: { x: x('better'), y } },
    ],
  };
}

async function toSvg(spec) {
  const [{ compile }, { parse, View }] = await Promise.all([import('vega-lite'), import('vega')]);
  const view = new View(parse(compile({ ...spec, config }).spec), { renderer: 'none' });
  const svg = await view.toSVG();
  view.finalize();
  return svg;
}

const perSecond = (value) => (value < 1000 ? value.toPrecision(3) : `${(value / 1000).toPrecision(3)} k`);

/** Bars for the ways of an experiment that were measured. */
function barsOf({ experiment, values }) {
  return Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([way, value]) => ({
      name: experiment.ways[way].name,
      value,
      text: perSecond(value),
      isOurs: Boolean(experiment.ways[way].native),
    }));
}

function specsOf(results) {
  const first = (name) => results.find(({ experiment }) => experiment.name === name);
  const connections = first('connections');
  const busy = first('busy-primary');
  const cpuBars = Object.entries(connections.cpu).flatMap(([way, spent]) =>
    ['primary', 'workers'].map((process, order) => ({
      name: connections.experiment.ways[way].name,
      process,
      order,
      value: spent[process],
    })),
  );
  const messages = ['messages-to-worker', 'messages-to-primary'].flatMap((name) => {
    const result = first(name);
    return barsOf(result).map((bar) => ({ ...bar, name: `${bar.name}, ${name.slice(9).replace('-', ' the ')}` }));
  });
  const dots = results
    .filter(({ row, compared }) => compared > 0 && row.wanted && (row.by ?? 'ratio') === 'ratio')
    .filter(({ row }) => (row.against ?? 'builtin') === 'builtin' && row.basis === undefined)
    .map(({ row, compared }) => ({
      name: row.name,
      better: row.wanted.atLeast === undefined ? 1 / compared : compared,
      wanted: row.wanted.atLeast ?? 1 / row.wanted.atMost,
    }));
  return [
    {
      file: 'benchmark-ratios.svg',
      title: 'cluster-rs against the built-in module',
      spec: (title) => ratioChart(title, 'Dots: measured. Ticks: what is wanted.', dots),
    },
    {
      file: 'benchmark-connections.svg',
      title: 'New connections per second',
      spec: (title) =>
        barChart(title, 'HTTP, 2 workers, a connection for each request', barsOf(connections), 'per second'),
    },
    {
      file: 'benchmark-cpu.svg',
      title: 'CPU time of a connection',
      spec: (title) => stackedChart(title, 'HTTP, 2 workers, a connection for each request', cpuBars, 'microseconds'),
    },
    {
      file: 'benchmark-busy-primary.svg',
      title: 'New connections per second, busy primary',
      spec: (title) =>
        barChart(title, 'JavaScript keeps the primary busy 200 of every 210 ms', barsOf(busy), 'per second'),
    },
    {
      file: 'benchmark-messages.svg',
      title: 'Messages per second',
      spec: (title) => barChart(title, '64 bytes each, one way', messages, 'per second'),
    },
  ];
}

/**
 * Draws the charts of a whole run.
 * @param {string} folder where their files are written
 * @param {object[]} results all rows, as `run.js` has them
 * @returns {Promise<{ file: string, title: string }[]>} what was written
 */
async function writeCharts(folder, results) {
  const charts = specsOf(results);
  for (const { file, title, spec } of charts) {
    fs.writeFileSync(path.join(folder, file), `${await toSvg(spec(title))}\n`);
  }
  return charts.map(({ file, title }) => ({ file, title }));
}

module.exports = { writeCharts };
