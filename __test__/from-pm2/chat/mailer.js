'use strict';

// Listens on nothing: each works on the letters of its own box.

console.log(`letterbox ${process.env.LETTERBOX} of instance ${process.env.NODE_APP_INSTANCE}`);
setInterval(() => {}, 1000);
