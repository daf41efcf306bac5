'use strict';

// Samples in turns, so that what else the machine does hits each way alike, and what is made of them.

/** The median of some numbers; of an even number of them, the mean of the two in the middle. */
function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * Takes samples of an experiment, one of each way in every round. Rounds change their direction, so that no way
 * is always the first.
 * @param {object} experiment see `experiments/index.js`
 * @param {number} rounds how many
 * @param {(text: string) => void} progress hears what is being done
 * @returns {Promise<object[]>} the samples of each round, by way; a way that can't be measured here has none
 */
async function takeSamples(experiment, rounds, progress) {
  const samples = [];
  for (let round = 0; round < rounds; round++) {
    const names = Object.keys(experiment.ways);
    if (round % 2 === 1) names.reverse();
    const taken = {};
    for (const name of names) {
      progress(`${experiment.name}, ${round + 1} of ${rounds}: ${experiment.ways[name].name}`);
      const sample = await experiment.sample(experiment.ways[name]);
      if (sample !== undefined) taken[name] = sample;
    }
    samples.push(taken);
  }
  return samples;
}

// How our figure of a round is compared with another one of the same round.
const comparisons = {
  ratio: (ours, other) => ours / other,
  difference: (ours, other) => ours - other,
  value: (ours) => ours,
};

/**
 * Works out a row of the table.
 * @param {object} row see `experiments/index.js`
 * @param {object[]} samples from {@link takeSamples}
 * @returns {object} medians over the rounds: `values` and `cpu` (primary and workers) by way, `compared`; and `isMet`.
 *   What could not be measured is `undefined`
 */
function evaluate(row, samples) {
  const { against = 'builtin', by = 'ratio', columns, value, wanted } = row;
  const over = (figure) => {
    const figures = samples.map(figure);
    return figures.every(Number.isFinite) ? median(figures) : undefined;
  };
  const valueOf = (taken, way) => taken[way] && value(taken[way], taken);
  const ways = Object.keys(samples[0]);
  const values = Object.fromEntries(ways.map((way) => [way, over((taken) => valueOf(taken, way))]));
  const cpu = Object.fromEntries(
    ways.map((way) => [
      way,
      { primary: over((taken) => taken[way].cpu?.primary), workers: over((taken) => taken[way].cpu?.workers) },
    ]),
  );
  const ours = columns?.ours ?? 'ours';
  const compared = over((taken) => comparisons[by](valueOf(taken, ours), valueOf(taken, against)));
  const isMet = compared === undefined || !wanted ? undefined : isWithin(compared, wanted);
  return { values, cpu, compared, isMet };
}

function isWithin(number, { atLeast = -Infinity, atMost = Infinity }) {
  return number >= atLeast && number <= atMost;
}

module.exports = { evaluate, median, takeSamples };
