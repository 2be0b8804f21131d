'use strict';
const http = require('node:http');

if (process.env.HELPER) require('node:child_process').spawn('sleep', ['600'], { stdio: 'ignore' });

const server = http.createServer((req, res) => {
  const url = new URL(req.url, 'http://localhost');
  const ms = Number(url.searchParams.get('ms'));
  switch (url.pathname) {
    case '/exit': process.exit(3);
    case '/crash': setImmediate(() => { throw new Error('crash asked for'); }); return;
    case '/slow': setTimeout(() => res.end('done\n'), ms); return;
    case '/block': for (const end = Date.now() + ms; Date.now() < end;); break;
  }
  res.end('done\n');
});
server.keepAliveTimeout = 0; // else Node itself ends what is kept and idle for 5 s
server.listen(Number(process.env.PORT), '127.0.0.1');
