'use strict';
import('node:cluster').then(({ default: cluster, isPrimary, fork }) => {
  console.log(cluster === require('cluster'), isPrimary);
  if (isPrimary) fork().on('exit', (code) => console.log('exit', code));
  else process.disconnect();
});
