// Its event loop stands still for MS ms before it begins, and once more a little
// later; then it says so and, with LISTEN, listens.
'use strict';
const http = require('http');
const stand = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(process.env.MS));

stand();
setTimeout(() => {
  stand();
  console.log('computed');
  if (process.env.LISTEN) http.createServer((req, res) => res.end()).listen(0, '127.0.0.1');
}, 200);
