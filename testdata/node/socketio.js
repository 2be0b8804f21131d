'use strict';
const cluster = require('cluster');
const { Server } = require('socket.io');

const server = require('http').createServer();
new Server(server).on('connection', (socket) => {
  socket.on('ask', (text, answer) => answer(`worker ${cluster.worker.id}: ${text}`));
});
server.listen(0, '127.0.0.1');
