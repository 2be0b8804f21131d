// The lesson's program: one HTTP server on one port, in as many processes as
// there are CPUs. Under `node` it is its own primary; under muster it takes the
// branch of a worker.
const cluster = require('cluster');
const http = require('http');
const os = require('os');

const port = process.env.PORT || 3000; // PORT is for tests: many run at once

if (cluster.isMaster) {
  console.log(`Master with Process ID : ${process.pid} is running`);
  for (let i = 0; i < os.cpus().length; i++) {
    cluster.fork();
  }
  cluster.on('exit', (worker) => {
    console.log(`worker with Process ID : ${worker.process.pid} died`);
  });
} else {
  http.createServer((req, res) => {
    res.writeHead(200);
    res.end('An example of clusters\n');
  }).listen(port);
  console.log(`Worker with Process ID : ${process.pid} started`);
}
