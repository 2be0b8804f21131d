// Prints 100 MB as fast as it is taken, after it listens; the answer says how
// far it is. Its last line comes when lines are few again.
'use strict';
const cluster = require('cluster');

const line = 'x'.repeat(1023) + '\n';
const block = Buffer.from(line.repeat(64));
let written = 0;

require('http').createServer((req, res) => res.end(JSON.stringify({ id: cluster.worker.id, written }))).listen(Number(process.env.PORT || 0), '127.0.0.1', () => {
  if (process.env.NODE_APP_INSTANCE !== '0') return; // the others only serve
  (function more() {
    if (written >= 100e6) {
      setTimeout(() => console.log('flood over'), 1000);
      return;
    }
    written += block.length;
    process.stdout.write(block, () => setImmediate(more));
  })();
});
