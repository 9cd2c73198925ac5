#!/usr/bin/env node
// Decoding runs in libuv's threads, four unless told otherwise before the first of them starts:
// hence CommonJS, which is loaded without them.
import os = require('node:os');

process.env['UV_THREADPOOL_SIZE'] ??= String(Math.max(4, os.availableParallelism()));
void import('./main.js');
