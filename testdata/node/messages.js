// Sends back every message, and what came with it; "early" was sent before
// anything listens.
'use strict';
const net = require('net');

process.send({ early: process.pid });
process.on('message', (m, handle) => {
  if (handle instanceof net.Server) {
    // A server that was received is served here, and stays here.
    handle.on('connection', (socket) => socket.end(`${process.pid} serves it`));
    process.send({ got: m, kind: 'net.Server' });
    return;
  }
  if (m === 'give server') {
    const server = net.createServer();
    server.listen({ port: 0, host: '127.0.0.1', exclusive: true }, () => process.send('a server', server));
    return;
  }
  if (m === 'give udp') {
    const socket = require('dgram').createSocket('udp4');
    socket.bind({ port: 0, address: '127.0.0.1', exclusive: true }, () => process.send('a udp socket', socket));
    return;
  }
  if (m && m.long) {
    // One message that is too long, with the socket if there is one, and one behind it.
    process.send('x'.repeat(m.long), handle);
    process.send('behind it');
    return;
  }
  if (m === 'listen') {
    require('http').createServer((req, res) => res.end()).listen(0, '127.0.0.1');
    return;
  }
  const kind = handle && (handle instanceof net.Socket ? 'net.Socket' : handle.constructor.name);
  if (handle instanceof net.Socket) handle.write(`${process.pid} has it\n`);
  if (kind === 'Socket') handle.on('message', (d, from) => handle.send(`${process.pid}: ${d}`, from.port, from.address));
  process.send({ got: m, kind });
});
