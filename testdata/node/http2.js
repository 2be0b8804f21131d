// HTTP/2 without TLS, or with it if there is a CERTIFICATE. With ENDS_SESSIONS
// it ends its sessions when the server is closed; Node does so from 24 on.
'use strict';
const cluster = require('cluster');
const http2 = require('http2');

const pem = process.env.CERTIFICATE && require('fs').readFileSync(process.env.CERTIFICATE);
const server = pem ? http2.createSecureServer({ key: pem, cert: pem }) : http2.createServer();
server.on('request', (req, res) => {
  setTimeout(() => res.end(`worker ${cluster.worker.id}`), 10);
});

if (process.env.ENDS_SESSIONS) {
  const sessions = new Set();
  let closed = false;
  server.on('session', (s) => {
    sessions.add(s);
    s.once('close', () => sessions.delete(s));
    if (closed) s.close(); // its connection was there before
  });
  const { close } = server;
  server.close = (...args) => {
    closed = true;
    for (const s of sessions) s.close();
    return close.apply(server, args);
  };
}
server.listen(0, '127.0.0.1');
