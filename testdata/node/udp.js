// Answers every datagram with its id and what was in it.
'use strict';
const cluster = require('cluster');

const socket = require('dgram').createSocket('udp4');
socket.on('message', (m, from) => socket.send(`worker ${cluster.worker.id}: ${m}`, from.port, from.address));
socket.bind(0, '127.0.0.1', () => console.log('bound ' + socket.address().port));
