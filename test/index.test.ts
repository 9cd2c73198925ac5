import { execFileSync } from 'node:child_process';
import { getEventListeners } from 'node:events';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { buildIndex, composeDataset, extractPool, makePlan, verify } from '../src/index.js';
import { makeImages, writeFolders } from './support/input.js';
import { madeRecipe } from './support/made-recipe.js';
import { openWorkspace } from './support/workspace.js';

const urlOf = (path: string): string => JSON.stringify(pathToFileURL(path).href);
const PATCHML = urlOf('dist/src/index.js');

/** Runs a module in a fresh process, as a host of patchml. @returns what it prints, as JSON */
function inHost(source: string): unknown {
  const out = execFileSync(process.execPath, ['--input-type=module', '-e', source], {
    encoding: 'utf8',
  });
  return JSON.parse(out);
}

/** Notes what a process has that a library could change. */
const NOTE_STATE = `
  const note = () => ({
    env: { ...process.env },
    globals: Reflect.ownKeys(globalThis).map(String),
    listeners: process.eventNames().map((name) => [String(name), process.listenerCount(name)]),
    cwd: process.cwd(),
    umask: process.umask(),
    exitCode: process.exitCode ?? null,
    title: process.title,
  });
`;

/** Tells of every package whose files an import or a require reads. */
const WATCH_PACKAGES = `
  import { createRequire, register } from 'node:module';
  import { readFileSync } from 'node:fs';
  import { join } from 'node:path';
  const log = process.argv[1];
  register('data:text/javascript,' + encodeURIComponent(\`
    import { appendFileSync } from 'node:fs';
    export async function load(url, context, next) {
      appendFileSync(\${JSON.stringify(log)}, url + '\\\\n');
      return next(url, context);
    }
  \`));
  const loaded = () => {
    const required = Object.keys(createRequire(${urlOf('package.json')}).cache);
    const paths = [...readFileSync(log, 'utf8').split('\\n'), ...required];
    return ['@aws-sdk', '@huggingface/hub', 'onnxruntime-node', 'sharp', 'zod'].filter((name) =>
      paths.some((path) => path.includes('node_modules/' + name + '/')),
    );
  };
`;

describe('Importing patchml', () => {
  it('changes nothing of its process but what zod, which it depends on, puts into it', () => {
    const { before, after } = inHost(`
      ${NOTE_STATE}
      const before = note();
      await import(${PATCHML});
      console.log(JSON.stringify({ before, after: note() }));
    `) as Record<'before' | 'after', { globals: string[] }>;
    const globals = after.globals.filter((name) => !name.startsWith('__zod_'));
    expect({ ...after, globals }).toEqual(before);
  });

  it("leaves the host's settings of sharp and of onnxruntime as they are, used or not", () => {
    const { before, imported, used } = inHost(`
      import { createRequire } from 'node:module';
      import sharp from 'sharp';
      import onnxruntime from 'onnxruntime-node';
      sharp.concurrency(3);
      sharp.cache({ memory: 41, files: 17, items: 83 });
      const note = () => {
        const { memory, files, items } = sharp.cache();
        const limits = [memory.max, files.max, items.max];
        const level = onnxruntime.env.logLevel;
        return { limits, threads: sharp.concurrency(), simd: sharp.simd(), level };
      };
      const before = note();
      await import(${PATCHML});
      const imported = note();
      const { checkCodecs } = await import(${urlOf('dist/src/image/codecs.js')});
      await checkCodecs();
      console.log(JSON.stringify({ before, imported, used: note() }));
    `) as Record<string, unknown>;
    expect(before).toMatchObject({ limits: [41, 17, 83], threads: 3, level: 'warning' });
    expect(imported).toEqual(before);
    expect(used).toEqual(before);
  });

  it('loads no client of a store, no model runtime and no image decoder', () => {
    const seen = inWatchedHost(`await import(${PATCHML});`);
    expect(seen).toEqual(['zod']); // which shows that a package which is loaded is seen
  });

  it.each([
    ['@aws-sdk', 'dist/src/transfer/s3-objects.js'],
    ['@huggingface/hub', 'dist/src/transfer/hub-client.js'],
  ])('would show %s, were it loaded', (name, path) => {
    expect(inWatchedHost(`await import(${urlOf(path)});`)).toContain(name);
  });
});

const newFolder = openWorkspace();

/** What a host that runs a line of code has loaded of the packages that are looked for. */
function inWatchedHost(line: string): unknown {
  const log = join(newFolder('log'), 'loaded.txt');
  const source = `${WATCH_PACKAGES}\n${line}\nconsole.log(JSON.stringify(loaded()));`;
  const args = ['--input-type=module', '-e', source, log];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }));
}

describe("A caller's AbortSignal", () => {
  let input: { annotations: string; images: string };
  beforeAll(async () => {
    input = writeFolders(newFolder('input'), await makeImages({ images: 16 }));
  });

  it('has no listener of patchml when a call has ended, well or not', async () => {
    const { signal } = new AbortController();
    const recipe = madeRecipe({ sampling: { counts: { 2: 4 } } });
    const options = { signal, jobs: 2 };
    const [work, out] = [newFolder('work'), join(newFolder('out'), 'dataset')];
    const left: number[] = [];
    const count = <T>(value: T): T => {
      left.push(getEventListeners(signal, 'abort').length);
      return value;
    };
    const index = count(await buildIndex({ recipe, ...input, work }, options));
    const pool = count(await extractPool({ recipe, index: index.folder, work }, options));
    const plan = count(await makePlan({ recipe, pool: pool.folder, work }, options));
    const folders = { pool: pool.folder, plan: plan.folder };
    const dataset = count(await composeDataset({ recipe, ...folders, out }, options));
    count(await verify({ folder: dataset.folder, regenerate: { work } }, options));
    await expect(verify({ folder: work }, options)).rejects.toThrow();
    count(undefined);
    expect(left).toEqual([0, 0, 0, 0, 0, 0]);
  });
});
