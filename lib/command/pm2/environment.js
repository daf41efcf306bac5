'use strict';

/**
 * The variables that PM2's file has for a worker.
 * @param {ReturnType<import('./file.js').readApplications>[number]} application
 * @param {number} place the worker's number
 * @returns {Record<string, string | undefined>} `undefined` where a worker is not to have what this process has
 */
function variablesOf({ countedVariable, inherits, instanceVariable, variables }, place) {
  const left = Object.keys(process.env).filter((name) => !inherits(name));
  const numbered = { [instanceVariable]: String(place) };
  if (countedVariable !== undefined) {
    numbered[countedVariable] = String((Number(variables[countedVariable]) || 0) + place);
  }
  return { ...Object.fromEntries(left.map((name) => [name, undefined])), ...variables, ...numbered };
}

module.exports = { variablesOf };
