'use strict';

// What `cluster-rs top` shows, as lines; nothing here knows of a terminal.

const { countWorkers, formatSize, formatTime } = require('../units.js');
const { KEPT } = require('./history.js');

const BARS = '▁▂▃▄▅▆▇█';
const [BOLD, DIM, GREEN, YELLOW, RED] = ['1', '2', '32', '33', '31'];
const COLOURS = { ready: GREEN, starting: YELLOW, draining: YELLOW, ill: RED, blocked: RED };
const KEYS = 'q quit   r reload   + - workers';

// Above, below and between the rows of workers.
const OTHER_LINES = 5;

// How wide the figures of all are, so that they do not move what follows; and fewer bars than that say nothing.
const [RATE_LABEL, LAG_LABEL] = [19, 15];
const LABELS = RATE_LABEL + LAG_LABEL;
const LEAST_BARS = 10;

/** Text without what a terminal would obey. */
const plain = (text) => String(text).replace(/[\x00-\x1f\x7f-\x9f]/g, '?'); // eslint-disable-line no-control-regex

/**
 * All that is remembered as bars, the largest value as the highest. Where there is no room for all, each bar is the highest
 * of several.
 */
function sparkline(values, room) {
  const each = Math.ceil(KEPT / room);
  const peaks = [];
  for (let end = values.length; end > 0; end -= each) {
    peaks.unshift(Math.max(...values.slice(Math.max(0, end - each), end)));
  }
  const most = Math.max(1, ...peaks);
  const bars = peaks.map((value) => BARS[Math.min(BARS.length - 1, Math.floor((value / most) * BARS.length))]);
  return bars.join('').padStart(Math.ceil(KEPT / each));
}

const rate = (value) => (value > 0 && value < 10 ? value.toFixed(1) : String(Math.round(value)));
const stateOf = ({ stack, state }) => (stack ? 'blocked' : state);

// The columns in their order. Those with the lowest rank are left out first where there is no room.
const COLUMNS = [
  { head: 'place', rank: 9, text: ({ place }) => place ?? '–' },
  { head: 'worker', rank: 10, text: ({ id }) => id },
  { head: 'pid', rank: 4, text: ({ pid }) => pid },
  { head: 'state', rank: 10, isLeft: true, text: stateOf, colour: (worker) => COLOURS[stateOf(worker)] },
  { head: 'uptime', rank: 5, text: ({ uptime }) => formatTime(uptime) },
  { head: 'conns', rank: 7, text: ({ connections }) => connections },
  { head: 'req/s', rank: 9, text: (_, { requests }) => rate(requests.at(-1)) },
  { head: 'last minute', rank: 2, text: (_, { requests }) => sparkline(requests, 20) },
  { head: 'lag', rank: 8, text: ({ lag }) => `${lag} ms` },
  { head: 'last minute', rank: 1, text: (_, { lags }) => sparkline(lags, 20) },
  { head: 'CPU', rank: 8, text: ({ cpu }) => `${cpu.toFixed(0)} %` },
  { head: 'memory', rank: 6, text: ({ memory }) => formatSize(memory) },
  { head: 'restarts', rank: 3, text: ({ restarts }) => restarts },
];

/** Spans of text, `{ text, colour }`, as a line that is no wider than that. */
function line(spans, width, inColour) {
  let left = width;
  let written = '';
  for (const { text, colour } of spans) {
    const shown = [...text].slice(0, left).join('');
    left -= [...shown].length;
    written += inColour && colour ? `\x1b[${colour}m${shown}\x1b[0m` : shown;
  }
  return written;
}

/** The rows of a table that is no wider than that: lists of spans. */
function rows(workers, history, width) {
  const described = COLUMNS.map((column) => {
    const texts = workers.map((worker) => String(column.text(worker, history.of(worker))));
    return { ...column, texts, width: Math.max(column.head.length, ...texts.map((text) => text.length)) };
  });
  const total = (columns) => columns.reduce((sum, column) => sum + column.width + 2, -2);
  let columns = described;
  while (columns.length > 1 && total(columns) > width) {
    const least = columns.reduce((a, b) => (b.rank < a.rank ? b : a));
    columns = columns.filter((column) => column !== least);
  }
  const span = (column, text, colour) => ({
    text: `${column.isLeft ? text.padEnd(column.width) : text.padStart(column.width)}  `,
    colour,
  });
  return {
    head: columns.map((column) => span(column, column.head, DIM)),
    body: workers.map((worker, i) => columns.map((column) => span(column, column.texts[i], column.colour?.(worker)))),
  };
}

/**
 * The lines of a screen.
 * @param {object} status of an application
 * @param {import('./history.js').History} history to which that has been added
 * @param {object} how
 * @param {number} how.width
 * @param {number} how.height
 * @param {boolean} how.inColour
 * @param {string} how.note what is going on, or has gone wrong; may be empty
 * @returns {string[]} at most `height`
 */
function draw({ name, pid, size, uptime, workers }, history, { width, height, inColour, note }) {
  const { lags, requests } = history.all;
  const { head, body } = rows(workers, history, width);
  const most = Math.max(0, height - OTHER_LINES);
  const shown = body.length > most ? body.slice(0, Math.max(0, most - 1)) : body;
  const more = body.length - shown.length;
  const room = Math.floor((width - LABELS) / 2);
  const bars = (values) => (room < LEAST_BARS ? '' : sparkline(values, room));
  const about = `  process ${pid}, ${countWorkers(size)}, up ${formatTime(uptime)}`;
  const top = [
    [{ text: plain(name), colour: BOLD }, { text: about }],
    [
      { text: `${rate(requests.at(-1))} requests/s`.padEnd(RATE_LABEL), colour: BOLD },
      { text: bars(requests) },
      { text: `  lag ${lags.at(-1)} ms`.padEnd(LAG_LABEL) },
      { text: bars(lags) },
    ],
    [],
    head,
    ...shown,
    ...(more > 0 && most > 0 ? [[{ text: `… and ${more} more` }]] : []),
  ];
  const last = [{ text: note === '' ? KEYS : plain(note), colour: DIM }];
  const above = top.slice(0, Math.max(0, height - 1));
  while (above.length < height - 1) above.push([]);
  return [...above, last].slice(-height).map((spans) => line(spans, width, inColour));
}

module.exports = { draw, plain };
