// Prints as fast as it is taken, after it listens: 100 MB, and on until it is asked
// for /enough; the answer says how far it is. Its last line comes when lines are
// few again.
'use strict';
const cluster = require('cluster');

const line = 'x'.repeat(1023) + '\n';
const block = Buffer.from(line.repeat(64));
let written = 0;
let enough = false;

require('http').createServer((req, res) => {
  enough = enough || req.url === '/enough';
  res.end(JSON.stringify({ id: cluster.worker.id, written }));
}).listen(Number(process.env.PORT || 0), '127.0.0.1', () => {
  if (process.env.NODE_APP_INSTANCE !== '0') return; // the others only serve
  (function more() {
    if (enough && written >= 100e6) {
      setTimeout(() => console.log('flood over'), 1000);
      return;
    }
    written += block.length;
    process.stdout.write(block, () => setImmediate(more));
  })();
});
