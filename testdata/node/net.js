// A TCP server that sends back what it gets, after its id; it takes no more than
// MAX connections at once, if that is set.
'use strict';
const cluster = require('cluster');

const server = require('net').createServer((socket) => {
  socket.write(`worker ${cluster.worker.id}\n`);
  socket.pipe(socket);
  socket.on('error', () => {});
});
if (process.env.MAX) server.maxConnections = Number(process.env.MAX);
server.listen(0, '127.0.0.1');
