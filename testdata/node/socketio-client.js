// Asks the socket.io server at URL once on each of COUNT connections and
// prints the answers. By the transport websocket if no other is given: long
// polling spreads one client over several connections, which belong to several
// workers unless the policy is sticky.
'use strict';
const { io } = require('socket.io-client');

const [url, count, transport = 'websocket'] = process.argv.slice(2);
let left = Number(count);
for (let i = 0; i < Number(count); i++) {
  const socket = io(url, { transports: [transport], forceNew: true, reconnection: false });
  socket.on('connect_error', (e) => {
    console.error(e.message);
    process.exit(1);
  });
  socket.emit('ask', `question ${i}`, (answer) => {
    console.log(answer);
    if (--left === 0) process.exit(0);
  });
}
