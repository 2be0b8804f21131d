// Never listens: WAY is how. It lives on all the same.
'use strict';
const cluster = require('cluster');

setInterval(() => {}, 60000);
if (process.env.WAY === 'leaves') cluster.worker.disconnect();
if (process.env.WAY === 'ready') process.send('ready');
