'use strict';

/** What is sent with `serialization: 'advanced'`: a shape of `programs/shapes.js`, its size, and both in words. */
const shapes = [
  { shape: 'text', bytes: 64, words: 'objects of 64 bytes' },
  { shape: 'text', bytes: 16_384, words: 'objects with a string of 16 KB' },
  { shape: 'buffer', bytes: 1024, words: 'objects with a Buffer of 1 KB' },
  { shape: 'records', bytes: 1024, words: 'objects with 1 KB of records' },
  { shape: 'collections', bytes: 1024, words: 'objects with a Date and a Map of 1 KB' },
];

module.exports = { shapes };
