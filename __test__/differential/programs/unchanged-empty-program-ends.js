'use strict';
// Nothing of the module keeps an idle program alive, whether it asks for the module or not.
require('cluster').on('fork', () => {});
process.on('exit', (code) => console.log('exit', code));
