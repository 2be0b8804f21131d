// Serves PORT or, as many programs do, the next port that is free: it looks by
// a connect, or (HOW=exclusive) by listening for a moment past the cluster.
// With SECOND it listens there too, LATER ms after the first.
'use strict';
const http = require('http');
const net = require('net');

const serve = (port, then) => http.createServer((req, res) => res.end(JSON.stringify({ server: port, pid: process.pid })))
  .listen(port, '127.0.0.1', then);

function look(port) {
  const next = () => look(port + 1);
  const free = () => serve(port, () => {
    if (process.env.SECOND) setTimeout(serve, Number(process.env.LATER), Number(process.env.SECOND));
  });
  if (process.env.HOW === 'none') return free();
  if (process.env.HOW === 'exclusive') {
    const trial = net.createServer().once('error', next);
    trial.listen({ port, host: '127.0.0.1', exclusive: true }, () => trial.close(free));
    return;
  }
  const trial = net.connect(port, '127.0.0.1');
  trial.on('connect', () => { trial.destroy(); next(); });
  trial.on('error', free);
}

look(Number(process.env.PORT));
