'use strict';
const cluster = require('cluster');
const express = require('express');

const app = express();
app.use(express.json());
app.get('/hello/:name', (req, res) => res.json({ hello: req.params.name, worker: cluster.worker.id }));
app.post('/sum', (req, res) => res.json({ sum: req.body.reduce((a, b) => a + b, 0), worker: cluster.worker.id }));
app.listen(0, '127.0.0.1');
