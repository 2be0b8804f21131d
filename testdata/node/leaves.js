// Lives on when its channel has closed, as a program with a pool does. CATCH is
// the signal it tidies up at, which takes TIDY ms; without TIDY it never ends.
'use strict';
const cluster = require('cluster');
const http = require('http');

setInterval(() => {}, 60000);
const { CATCH, TIDY, EXCLUSIVE } = process.env;
if (CATCH) {
  process.on(CATCH, () => {
    console.log(`caught ${CATCH}`);
    if (TIDY) setTimeout(() => process.exit(0), Number(TIDY));
  });
}
process.on('disconnect', () => console.log('channel closed'));
process.on('message', (m) => {
  console.log(`message ${JSON.stringify(m)}`);
  if (m === 'leave') cluster.worker.disconnect();
});
const server = http.createServer((req, res) => {
  console.log('asked');
  setTimeout(() => res.end('ok'), Number(new URL(req.url, 'http://localhost').searchParams.get('ms')));
});
server.listen({ port: 0, host: '127.0.0.1', exclusive: Boolean(EXCLUSIVE) }, () => console.log(`port ${server.address().port}`));
