// Opens files until it has no descriptor left, for as long as it is asked to.
'use strict';
const cluster = require('cluster');
const fs = require('fs');

process.on('message', (m) => {
  if (m === 'fill') {
    const open = [];
    try {
      for (;;) open.push(fs.openSync('/dev/null', 'r'));
    } catch (e) {
      process.send(e.code);
    }
    process.once('message', () => {
      for (const fd of open) fs.closeSync(fd);
      process.send('free');
    });
  }
});
require('http').createServer((req, res) => {
  res.setHeader('Connection', 'close');
  res.setHeader('Muster-Worker', cluster.worker.id);
  res.end();
}).listen(0, '127.0.0.1');
