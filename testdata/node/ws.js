// A WebSocket server that sends back what it gets, on the port of an HTTP one.
'use strict';
const cluster = require('cluster');
const { WebSocketServer } = require('ws');

const server = require('http').createServer((req, res) => res.end(String(cluster.worker.id)));
new WebSocketServer({ server }).on('connection', (socket) => {
  socket.on('message', (m) => socket.send(`worker ${cluster.worker.id}: ${m}`));
  socket.on('error', () => {});
});
server.listen(0, '127.0.0.1');
