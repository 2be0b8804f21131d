// The other side of `go run ./bench rr-node` and both sides of `go run ./bench
// node`: the same page by Node's own cluster module. node cluster.js WORKERS
// prints "ready HOST:PORT" when all workers listen, and ends with 0 on SIGTERM.
// The policy is that of NODE_CLUSTER_SCHED_POLICY.
'use strict';
const cluster = require('node:cluster');
const http = require('node:http');

if (cluster.isPrimary) {
  const workers = Number(process.argv[2]);
  let listening = 0;
  cluster.on('listening', (worker, address) => {
    if (++listening === workers) console.log(`ready ${address.address}:${address.port}`);
  });
  let stopping = false;
  cluster.on('exit', (worker, code, signal) => {
    if (stopping) return;
    console.error(`worker ${worker.id} ended: ${signal || code}`);
    process.exit(1); // a measurement with a worker less would be wrong
  });
  process.on('SIGTERM', () => {
    stopping = true;
    for (const id in cluster.workers) cluster.workers[id].process.kill('SIGKILL');
    process.exit(0);
  });
  for (let i = 0; i < workers; i++) cluster.fork();
} else {
  const name = `${cluster.worker.id} (pid ${process.pid})`;
  http.createServer((req, res) => {
    res.setHeader('Muster-Worker', name);
    res.setHeader('Content-Type', 'text/plain; charset=utf-8');
    res.end('An example of clusters\n');
  }).listen(0, '127.0.0.1');
}
