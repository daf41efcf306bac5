'use strict';

// The portable layer: the built-in module does the work, and what programs have beyond it is made of JavaScript alone.

const { syncBuiltinESMExports } = require('node:module');
const { JSON } = require('../primordials.js');
const { removePreload } = require('../preload.js');

/**
 * Adds to `cluster`, the built-in object.
 * @param {object} cluster
 * @returns {boolean} `false` in a worker whose primary has not done so: that stays as it is
 */
function setUp(cluster) {
  const { CLUSTER_RS_WISHES: wishes } = process.env;
  if (cluster.isWorker && wishes === undefined) return false;
  if (cluster.isPrimary) require('./primary.js').setUpPrimary(cluster);
  else {
    delete process.env.CLUSTER_RS_WISHES;
    removePreload(process.env);
    require('./worker.js').setUpWorker(cluster, JSON.parse(wishes));
  }
  syncBuiltinESMExports();
  return true;
}

module.exports = { setUp };
