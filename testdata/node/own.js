// Listens at addresses of its own, a port, a UDP port and a path in DIR with its
// pid in the name, then at PORT like all others.
'use strict';
const net = require('net');
const path = require('path');

// free finds a port that is free now.
function free(then) {
  const probe = net.createServer().listen({ port: 0, host: '127.0.0.1', exclusive: true }, () => {
    const { port } = probe.address();
    probe.close(() => then(port));
  });
}

free((port) => net.createServer().listen(port, '127.0.0.1', () => {
  free((udp) => require('dgram').createSocket('udp4').bind(udp, '127.0.0.1', () => {
    net.createServer().listen(path.join(process.env.DIR, String(process.pid)), () => {
      require('http').createServer((q, r) => r.end('served')).listen(Number(process.env.PORT), '127.0.0.1');
    });
  }));
}));
