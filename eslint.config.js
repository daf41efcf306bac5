'use strict';

const js = require('@eslint/js');
const globals = require('globals');

// What a program can replace. Files that run in its process take it from lib/primordials.js.
const kept = [
  'Infinity',
  'NaN',
  '__dirname',
  '__filename',
  'console',
  'exports',
  'module',
  'process',
  'require',
  'undefined',
];
const message = 'Programs may replace it: take it from lib/primordials.js.';
const replaceable = Object.keys({ ...globals.builtin, ...globals.node })
  .filter((name) => !kept.includes(name))
  .map((name) => ({ name, message }));

module.exports = [
  { ignores: ['native/', 'npm/', 'target/', '.nodes/', '.installers/'] },
  js.configs.recommended,
  {
    languageOptions: { ecmaVersion: 2023, globals: globals.node },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-implicit-globals': 'error',
      'no-throw-literal': 'error',
      'no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      'no-var': 'error',
      'object-shorthand': 'error',
      'prefer-const': 'error',
    },
  },
  {
    files: ['**/*.js', '**/*.cjs'],
    ignores: ['__test__/stacks/next/**'],
    languageOptions: { sourceType: 'commonjs' },
    rules: { strict: ['error', 'global'] },
  },
  {
    files: ['index.js', 'register.js', 'lib/**'],
    ignores: ['lib/command/**', 'lib/primordials.js'],
    rules: {
      'no-restricted-globals': ['error', ...replaceable],
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'nextTick', message },
        ...['Error', 'Number', 'Promise', 'String'].map((object) => ({ object, message })),
      ],
    },
  },
];
