'use strict';
// Serves at PORT; the first worker also asks for MANY ports at once, and says how
// many it has got and what it heard of the others.
const cluster = require('cluster');
const http = require('http');
const net = require('net');

http.createServer((req, res) => res.end(`${cluster.worker.id}`)).listen(+process.env.PORT, '127.0.0.1', () => {
  const many = cluster.worker.id === 1 ? +process.env.MANY : 0;
  const heard = { up: 0 };
  let left = many;
  const one = (what) => {
    heard[what] = (heard[what] || 0) + 1;
    if (--left === 0) console.log(`asked ${JSON.stringify(heard)}`);
  };
  for (let i = 0; i < many; i++) {
    net.createServer().on('error', (err) => one(err.code)).listen(0, '127.0.0.1', () => one('up'));
  }
});
