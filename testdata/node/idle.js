// Has nothing to do at all: only its channel keeps it alive.
'use strict';
process.on('disconnect', () => console.log('channel closed'));
