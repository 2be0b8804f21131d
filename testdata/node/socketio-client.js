// Asks the socket.io server at URL once on each of COUNT connections and
// prints the answers. Only the transport websocket: long polling spreads one
// client over several connections, which then belong to several workers.
'use strict';
const { io } = require('socket.io-client');

const [url, count] = process.argv.slice(2);
let left = Number(count);
for (let i = 0; i < Number(count); i++) {
  const socket = io(url, { transports: ['websocket'], forceNew: true, reconnection: false });
  socket.on('connect_error', (e) => {
    console.error(e.message);
    process.exit(1);
  });
  socket.emit('ask', `question ${i}`, (answer) => {
    console.log(answer);
    if (--left === 0) process.exit(0);
  });
}
