'use strict';

// A shop that is ready when its database is, and closes that when it is told to end.

const express = require('express');
const facts = require('../facts.js');

let database;
const app = express();
app.get('/', async (request, response) => {
  await new Promise((resolve) => setTimeout(resolve, 10));
  response.send(database);
});
app.get('/facts', (request, response) => response.json({ ...facts(), limits: process.env.LIMITS }));

const server = app.listen(process.env.PORT, '127.0.0.1', () => {
  setTimeout(() => {
    database = 'open';
    console.log('the database is open');
    process.send('ready');
  }, 100);
});

process.on('SIGINT', () => {
  console.error('closing');
  server.close(() => {
    console.error('closed');
    process.exit(0);
  });
});
