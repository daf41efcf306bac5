/// <reference types="./index.d.ts" />

// `node -r cluster-rs/register app.js`, or `import 'cluster-rs/register'` as the program's first line: makes the
// built-in `cluster` module that of `cluster-rs`. It exports nothing.

export {};
