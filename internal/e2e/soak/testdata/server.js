// Answers as the Go worker of the soak does.
'use strict';
const cluster = require('node:cluster');
const fs = require('node:fs');
const http = require('node:http');

const secret = require('node:crypto').randomBytes(12).toString('hex');
const channel = 3;
let conns = 0;

const faults = {
  garbage: (q) => fs.writeSync(channel, q.get('with') + '\n'),
  cut: () => { fs.writeSync(channel, '{"cmd":"NODE_CLU'); process.disconnect(); },
  half: () => process.disconnect(),
  deaf: () => process.disconnect(),
  odd: () => fs.writeSync(channel, '{"cmd":"NODE_CLUSTER","ack":999999999,"accepted":true}\n'),
  panic: () => setImmediate(() => { throw new Error('asked for'); }),
  exit: () => process.exit(3),
};

const server = http.createServer((req, res) => {
  const url = new URL(req.url, 'http://localhost');
  const fault = faults[url.pathname.split('/')[2]];
  if (fault) {
    try { fault(url.searchParams); } catch { /* the channel takes nothing just now */ }
    res.end();
    return;
  }
  const on = req.socket;
  on.soakId ??= ++conns;
  on.soakRequests = (on.soakRequests ?? 0) + 1;
  const text = `${secret} ${cluster.worker.id} node ${on.soakId} ${on.soakRequests} ${req.headers.request}`;
  setTimeout(() => res.end(text), Number(url.searchParams.get('ms')));
});
server.httpAllowHalfOpen = true; // else it ends a connection whose client has closed its half, unanswered
server.keepAliveTimeout = 0; // else it ends what is kept and idle for 5 s
server.listen(Number(process.env.PORT), '127.0.0.1');
