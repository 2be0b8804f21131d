// Gives every connection it accepts to the primary, but the one that asks to
// disconnect.
'use strict';
const cluster = require('cluster');

require('net').createServer({ pauseOnConnect: true }, (socket) => {
  process.send('a connection', socket);
}).listen(0, '127.0.0.1');
process.on('message', (m) => {
  if (m === 'disconnect') cluster.worker.disconnect();
});
