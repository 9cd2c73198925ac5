#!/usr/bin/env node
// Decoding runs in libuv's threads, four unless told otherwise before the first of them starts:
// hence CommonJS, which is loaded without them.
import os = require('node:os');

// Images are decoded side by side, each in one thread.
process.env['VIPS_CONCURRENCY'] ??= '1';
process.env['UV_THREADPOOL_SIZE'] ??= String(Math.max(4, os.availableParallelism()));

// Nothing is left to wait for, and the command has not ended: say so, and never as a success.
const sayUnfinished = (): void => {
  console.error('patchml: ended before the work was done (unexpected error); please report it');
  process.exitCode = 1;
};
process.once('beforeExit', sayUnfinished);
const run = import('./main.js').finally(() => process.off('beforeExit', sayUnfinished));
run.catch((error: unknown) => {
  // Not a line of patchml's could be loaded, as where no more files can be opened.
  const { code, message } = error as NodeJS.ErrnoException;
  const isLimit = code === 'EMFILE' || code === 'ENFILE';
  const said = isLimit ? 'too many open files; raise the limit (ulimit -n)' : message;
  console.error(`patchml: ${said}`);
  process.exitCode = 1;
});
