'use strict';
function inner() { throw new RangeError('cannot start: no configuration'); }
inner();
