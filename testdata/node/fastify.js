'use strict';
const cluster = require('cluster');
const fastify = require('fastify')();

fastify.get('/hello/:name', async (req) => ({ hello: req.params.name, worker: cluster.worker.id }));
fastify.post('/sum', async (req) => ({ sum: req.body.reduce((a, b) => a + b, 0), worker: cluster.worker.id }));
// "localhost" is two addresses on most machines: fastify listens on both.
fastify.listen({ port: 0, host: 'localhost' });
