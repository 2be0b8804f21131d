// An ES module with a top-level await, which listens after it.
import cluster from 'node:cluster';
import { createServer } from 'node:http';
import { setTimeout } from 'node:timers/promises';

await setTimeout(10);
createServer((req, res) => res.end(`module in worker ${cluster.worker.id}`)).listen(0, '127.0.0.1');
