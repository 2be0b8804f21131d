// An HTTP server that does to its own process what a request asks for.
'use strict';
const cluster = require('cluster');
const http = require('http');

const acts = {
  '/block': (q) => {
    // One long turn of the event loop: nothing else is looked at meanwhile.
    for (const end = Date.now() + Number(q.get('ms')); Date.now() < end;);
  },
  // The same without the work.
  '/stand': (q) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(q.get('ms'))),
  '/exit': (q) => process.exit(Number(q.get('code'))),
  '/throw': () => setImmediate(() => { throw new TypeError('thrown on request'); }),
  '/disconnect': () => cluster.worker.disconnect(),
  '/kill': () => cluster.worker.kill(),
  '/process-disconnect': () => process.disconnect(),
  '/send': (q) => process.send(q.get('what')),
  '/max': (q) => { server.maxConnections = Number(q.get('n')); },
};

const server = http.createServer((req, res) => {
  const url = new URL(req.url, 'http://localhost');
  const act = acts[url.pathname];
  res.setHeader('Muster-Worker', cluster.worker ? cluster.worker.id : 0);
  const answer = () => res.end(JSON.stringify({
    id: cluster.worker && cluster.worker.id,
    pid: process.pid,
    slot: process.env.NODE_APP_INSTANCE,
    marker: process.env.MARKER,
    execArgv: process.execArgv,
    channelSeen: 'NODE_CHANNEL_FD' in process.env || 'NODE_UNIQUE_ID' in process.env,
  }));
  if (url.pathname === '/slow') {
    setTimeout(answer, Number(url.searchParams.get('ms')));
    return;
  }
  // Acts come after the answer has left, so that every client has one.
  if (act) res.on('finish', () => setImmediate(act, url.searchParams));
  answer();
});
if (process.env.MAX) server.maxConnections = Number(process.env.MAX);
server.listen(Number(process.env.PORT || 0), '127.0.0.1');
process.on('disconnect', () => console.log('channel closed'));
