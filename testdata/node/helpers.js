// An HTTP server with helpers, in the ways programs start them. Each helper that
// is ready says so in a line "helper KIND PID"; PORT is the port one of them holds.
'use strict';
const { fork, spawn } = require('child_process');
const http = require('http');
const net = require('net');

const say = (kind, pid) => console.log(`helper ${kind} ${pid}`);
const self = (...args) => [process.execPath, [__filename, ...args]];

// The helpers themselves, all of which would live for ever.
const roles = {
  port() { // whoever had the port before may take a moment to go
    const server = net.createServer((c) => c.end(String(process.pid)));
    server.on('error', () => setTimeout(listen, 20));
    const listen = () => server.listen(Number(process.env.PORT), '127.0.0.1');
    server.on('listening', () => say('port', process.pid));
    listen();
  },
  deaf() {
    process.on('SIGTERM', () => {});
    setInterval(() => {}, 1000);
    say('deaf', process.pid);
  },
  idle() {
    setInterval(() => {}, 1000);
    if (process.argv[3]) say(process.argv[3], process.pid);
  },
  daemon() { // forks, and ends
    spawn(...self('idle', 'daemon'), { detached: true, stdio: ['ignore', 'inherit', 'ignore'] }).unref();
  },
};

if (process.argv[2]) {
  roles[process.argv[2]]();
} else {
  fork(__filename, ['port']);
  spawn(...self('deaf'), { stdio: ['ignore', 'inherit', 'inherit'] });
  spawn(...self('daemon'), { stdio: ['ignore', 'inherit', 'inherit'] });
  spawn(...self('idle', 'detached'), { detached: true, stdio: ['ignore', 'inherit', 'ignore'] }).unref();
  spawn(...self('idle', 'bare'), { detached: true, env: {}, stdio: ['ignore', 'inherit', 'ignore'] }).unref();
  http.createServer((req, res) => {
    res.end(String(process.pid));
    if (req.url === '/exit') setImmediate(() => process.exit(3));
  }).listen(0);
}
