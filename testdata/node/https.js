// HTTPS (or HTTP/2 with H2 set) with the key and certificate in CERTIFICATE.
'use strict';
const cluster = require('cluster');
const fs = require('fs');

const pem = fs.readFileSync(process.env.CERTIFICATE);
const answer = (req, res) => {
  res.setHeader('Muster-Worker', String(cluster.worker.id));
  res.end(`${req.httpVersion} by worker ${cluster.worker.id}`);
};
const server = process.env.H2
  ? require('http2').createSecureServer({ key: pem, cert: pem }, answer)
  : require('https').createServer({ key: pem, cert: pem }, answer);
server.listen(0, '127.0.0.1');
