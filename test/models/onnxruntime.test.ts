import { execFileSync } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { expect, it } from '@jest/globals';
import { tinyModel } from '../support/unit-cards.js';

/** Runs a module in a process of its own, as a host of patchml. @returns what it prints */
function run(source: string): string {
  return execFileSync(process.execPath, ['--input-type=module', '-e', source], {
    encoding: 'utf8',
  }).trim();
}

/** As where npm left onnxruntime-node out. */
const WITHOUT_ONNXRUNTIME = `
  import { register } from 'node:module';
  register('data:text/javascript,' + encodeURIComponent(\`
    export async function resolve(name, context, next) {
      if (name !== 'onnxruntime-node') return next(name, context);
      throw Object.assign(new Error('Cannot find it'), { code: 'ERR_MODULE_NOT_FOUND' });
    }
  \`));
`;

const module = (path: string): string => JSON.stringify(pathToFileURL(path).href);

it("is loaded by a model, not by importing patchml, and its log level stays the host's", () => {
  const said = run(`
    import { createRequire } from 'node:module';
    const require = createRequire(${module('package.json')});
    const loaded = () => Object.keys(require.cache).some((path) => path.includes('onnxruntime'));
    await import(${module('dist/src/index.js')});
    console.log(loaded());
    const { loadModel } = await import(${module('dist/src/models/onnxruntime.js')});
    await (await loadModel(${JSON.stringify(tinyModel('nchw'))})).release();
    console.log(loaded(), require('onnxruntime-node').env.logLevel);
  `);
  expect(said).toBe('false\ntrue warning');
});

it('is optional: without it patchml is imported, and a model says how to install it', () => {
  const said = run(`${WITHOUT_ONNXRUNTIME}
    await import(${module('dist/src/index.js')});
    const { loadModel } = await import(${module('dist/src/models/onnxruntime.js')});
    await loadModel(${JSON.stringify(tinyModel('nchw'))})
      .catch(({ code, message }) => console.log(code, message));
  `);
  expect(said).toMatch(
    /^onnxruntime-missing onnxruntime, which runs models, is not installed; run "npm install --ignore-scripts"/,
  );
});
