'use strict';
const broken = {;
