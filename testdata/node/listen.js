// Listens with each of the arguments in LISTEN, one after the other, and
// prints what comes of it. It removes UNLINK first, as many programs do.
'use strict';
const http = require('http');

const wanted = JSON.parse(process.env.LISTEN);
if (process.env.UNLINK) require('fs').rmSync(process.env.UNLINK, { force: true });

function next(i) {
  if (i === wanted.length) return;
  const server = http.createServer((req, res) => res.end(JSON.stringify({ server: i, pid: process.pid })));
  server.on('error', (e) => {
    const { code, errno, syscall, address, port } = e;
    console.log('error ' + JSON.stringify({ server: i, name: e.constructor.name, code, errno, syscall, address, port }));
    next(i + 1);
  });
  server.listen(wanted[i], () => {
    console.log('listening ' + JSON.stringify({ server: i, address: server.address() }));
    next(i + 1);
  });
}

next(0);
