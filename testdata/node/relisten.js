// Closes its server and listens on the same port again, in one turn, as often
// as AGAIN says; then it says so.
'use strict';
const http = require('http');

let left = Number(process.env.AGAIN);

function listen(port) {
  const server = http.createServer((req, res) => res.end(String(process.pid)));
  server.on('error', (e) => console.log('error ' + e.code));
  server.listen(port, '127.0.0.1', () => {
    if (left-- === 0) {
      console.log('settled');
      return;
    }
    const again = server.address().port;
    server.close();
    listen(again);
  });
}

listen(Number(process.env.PORT));
