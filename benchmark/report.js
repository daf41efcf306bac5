'use strict';

// The table of figures, for people: on the terminal and as Markdown.

const fs = require('node:fs');
const os = require('node:os');

/** The columns that a way of the same name fills, with their titles. */
const columns = { ours: 'cluster-rs', builtin: 'built-in', none: 'SCHED_NONE', reusePort: 'reusePort' };

/** A number with three digits that count, and its unit. */
function format(number, unit = '') {
  if (number === undefined) return '–';
  const [divisor, prefix] = Math.abs(number) >= 1e6 ? [1e6, ' M'] : Math.abs(number) >= 1e4 ? [1e3, ' k'] : [1, ''];
  const scaled = number / divisor;
  const size = Math.abs(scaled);
  const digits = size >= 100 || Number.isInteger(scaled) ? 0 : size >= 10 ? 1 : 2;
  const sign = unit.startsWith('/') || prefix ? '' : ' ';
  return `${scaled.toFixed(digits)}${prefix}${unit && sign}${unit}`;
}

/** The way that stands in a column of a row, or `undefined`. */
function wayIn(row, column) {
  return row.columns && column in row.columns ? row.columns[column] : column;
}

function comparedText({ row, values, compared }) {
  if (compared === undefined) return 'not measured';
  const { against = 'builtin', basis, by = 'ratio', unit } = row;
  if (by === 'value') return format(compared, unit);
  const other = basis ? `${basis} (${format(values[against], unit)})` : columns[against];
  if (by === 'difference') return `${compared < 0 ? '−' : '+'}${format(Math.abs(compared), unit)}, ${other}`;
  return `${compared.toFixed(2)} × ${other}`;
}

function wantedText({ row }) {
  if (!row.wanted) return '';
  const { atLeast, atMost } = row.wanted;
  const number = atLeast === undefined ? `at most ${atMost}` : `at least ${atLeast}`;
  if ((row.by ?? 'ratio') === 'ratio') return `${number} ×`;
  return `${number}${row.unit && ' '}${row.unit}`;
}

const metText = ({ isMet }) => (isMet === undefined ? '' : isMet ? 'met' : 'missed');

function cpuText({ row, cpu }, column) {
  const spent = cpu[wayIn(row, column)];
  return spent ? `${format(spent.primary)} + ${format(spent.workers)}` : '';
}

/** The rows of the table as texts, under their titles. */
function tableOf(results) {
  const shown = Object.keys(columns).filter((column) => results.some(({ row, values }) => values[wayIn(row, column)]));
  return [
    ['', ...shown.map((column) => columns[column]), 'ratio', 'wanted', ''],
    ...results.map((result) => [
      result.row.name,
      ...shown.map((column) => {
        const value = result.values[wayIn(result.row, column)];
        return value === undefined ? '' : format(value, result.row.unit);
      }),
      comparedText(result),
      wantedText(result),
      metText(result),
    ]),
  ];
}

/** CPU time, primary + workers, in microseconds for each operation; one line for each experiment. */
function cpuTableOf(results) {
  const measured = results.filter(({ experiment }) => experiment.operation !== undefined);
  const firsts = measured.filter(
    ({ row, experiment }, i) =>
      row.columns?.ours !== undefined || measured.findIndex((other) => other.experiment === experiment) === i,
  );
  const shown = Object.keys(columns).filter((column) => firsts.some((result) => cpuText(result, column)));
  return [
    ['CPU time, primary + workers', 'µs for each', ...shown.map((column) => columns[column])],
    ...firsts.map((result) => [
      result.row.name,
      result.experiment.operation,
      ...shown.map((column) => cpuText(result, column)),
    ]),
  ];
}

/** The section on CPU time; nothing where no experiment tells it for each operation. */
function aboutCpu(results) {
  const table = cpuTableOf(results);
  if (table.length === 1) return '';
  return `## CPU time

Wall time is noisy; CPU time less so. What the primary and all workers together have used for each operation, in
microseconds. The kernel counts CPU time in steps of 10 ms, which shows where operations are few. A primary or a worker
that is kept busy on purpose uses CPU time for that too.

${toMarkdown(table)}

`;
}

/** A table in columns of equal width. */
function align(table) {
  const widths = table[0].map((_, column) => Math.max(...table.map((cells) => cells[column].length)));
  return table
    .map((cells) =>
      cells
        .map((cell, column) => cell.padEnd(widths[column]))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function toMarkdown(table) {
  const [head, ...rows] = table;
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, column) => (column === 0 ? '---' : '--:'))), ...rows.map(line)].join('\n');
}

/** The machine that measures, in words. */
function describeMachine() {
  const cores = os.cpus();
  return {
    Machine: `${cores.length} cores (${cores[0].model.trim()}), ${Math.round(os.totalmem() / 2 ** 30)} GB, ${os.arch()}`,
    Kernel: `${os.type()} ${os.release()}`,
    Node: process.version,
    Date: new Date().toISOString().slice(0, 10),
    'Load before the run': os.loadavg()[0].toFixed(1),
  };
}

/** The tables for the terminal. */
function toText(results) {
  return `${align(tableOf(results))}\n\n${align(cpuTableOf(results))}`;
}

/**
 * Writes a page.
 * @param {string} page the file
 * @param {object[]} results
 * @param {object} about
 * @param {object} about.machine from {@link describeMachine} before the run
 * @param {number} about.rounds how many pairs
 * @param {{ file: string, title: string }[]} about.charts in the same folder as the page
 */
function writeMarkdown(page, results, { machine, rounds, charts }) {
  const command = ['node benchmark/run.js', ...process.argv.slice(2)].join(' ');
  const text = `# Benchmarks

Against the built-in module of the same Node, on the same machine, in turns. This page was written by

    ${command}

which needs [wrk](https://github.com/wg/wrk) (\`sudo apt-get install wrk\`). \`npm run bench -- --pairs 9\`
takes more samples; \`npm run bench -- --only connections\` measures one experiment, and writes nothing.

${Object.entries(machine)
  .map(([name, value]) => `- ${name}: ${value}`)
  .join('\n')}

${charts.map(({ file, title }) => `![${title}](${file})\n\n`).join('')}## Figures

Each is the median of ${rounds} samples. Samples of all columns are taken in turns, and a ratio is the median of the ratios
within the turns: what else the machine does hits them alike.

${toMarkdown(tableOf(results))}

${aboutCpu(results)}## What the rows mean

*built-in* is Node's module with its round robin, *SCHED_NONE* the same with that policy, *reusePort* the same with
servers that have a socket each (where this Node can do that). Load comes from wrk on the same machine, so that
its own use of CPU is part of what limits the figures.

${results.map(({ row }) => `- **${row.name}**: ${row.what}`).join('\n')}
`;
  fs.writeFileSync(page, text);
}

module.exports = { describeMachine, toText, writeMarkdown };
