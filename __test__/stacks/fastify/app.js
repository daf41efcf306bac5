'use strict';

// Fastify with pino in a thread of its own, and OpenTelemetry, which is loaded before by `--require` and registers a handler
// for SIGTERM that does not end the process.

const fastify = require('fastify');

const app = fastify({ logger: { transport: { target: 'pino/file' } } });

app.get('/', async () => {
  await new Promise((resolve) => setTimeout(resolve, 10));
  return `worker ${process.pid}`;
});
app.addHook('onClose', async () => console.log('closed'));
app.listen({ port: Number(process.env.PORT), host: '127.0.0.1' });
