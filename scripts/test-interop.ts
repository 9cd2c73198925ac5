import { spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import {
  evaluateModel,
  EXPORT_NAMES,
  generate,
  loadModelCard,
  loadRecipe,
  openEvaluationSet,
  releaseDataset,
} from '../src/index.js';
import { makeSample } from './make-sample.js';

// Loads every export of a release with its real client in Python and checks images, labels and boxes
// against the metadata; predictions too, and models of timm. Then runs the Python of the documentation.
// Nothing is downloaded; where the clients are absent it says so and is content.

const SCRIPTS = resolve('test', 'interop');
/** How a script ends that lacks what it is about. */
const SKIPPED = 77;
const MODULES =
  'datasets, webdataset, pycocotools.coco, mlcroissant, pandas, pyarrow, PIL, supervision, duckdb';

const python = process.env['PATCHML_INTEROP_PYTHON'] ?? 'python3';
const lacking = whatFails(`import ${MODULES}`);
if (lacking === undefined) {
  const folder = mkdtempSync(join(tmpdir(), 'patchml-interop-'));
  try {
    process.exitCode = await runAll(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
} else {
  console.log(`interop: skipped, ${lacking}`);
  console.log(
    `interop: for the clients, ${python} -m pip install -r test/interop/requirements.txt`,
  );
}

/** Why a line of Python cannot run; undefined where it can. */
function whatFails(line: string): string | undefined {
  const { error, status, stderr } = spawnSync(python, ['-c', line], {
    encoding: 'utf8',
    env: offline(tmpdir()),
  });
  if (error) return `there is no ${python}`;
  if (status === 0) return undefined;
  return `${python}: ${stderr.trim().split('\n').at(-1) ?? 'it cannot import the clients'}`;
}

/** @returns the exit code */
async function runAll(folder: string): Promise<number> {
  const { release, webp } = await makeReleases(folder);
  const clients = readdirSync(SCRIPTS).filter((name) => name.startsWith('check_'));
  const scripts = clients.sort().map((name) => ({ name, path: join(SCRIPTS, name), of: release }));
  const croissant = join(SCRIPTS, 'check_croissant.py');
  scripts.push({ name: 'check_croissant.py, of WebP', path: croissant, of: webp });
  scripts.push(...documentedScripts(folder, release));
  const hasTorch = whatFails('import torch') === undefined;
  let skipped = 0;
  let failed = 0;
  for (const { name, path, of } of scripts) {
    if (!hasTorch && /^import torch$/m.test(readFileSync(path, 'utf8'))) {
      skipped += 1;
      console.log(`skip  ${name}: torch is not installed (test/interop/install-torch.sh)`);
      continue;
    }
    const started = performance.now();
    const { status, stdout, stderr } = spawnSync(python, [path, of], {
      cwd: folder,
      encoding: 'utf8',
      env: offline(folder),
    });
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    if (status === 0) console.log(`ok    ${name} (${seconds} s): ${stdout.trim()}`);
    else if (status === SKIPPED) {
      skipped += 1;
      console.log(`skip  ${name}: ${stdout.trim()}`);
    } else {
      failed += 1;
      console.log(`FAIL  ${name} (${seconds} s)\n${stdout}${stderr}`);
    }
  }
  const passed = scripts.length - failed - skipped;
  console.log(`interop: ${passed} passed, ${failed} failed, ${skipped} skipped`);
  return failed > 0 ? 1 : 0;
}

/** The Python of the documentation; the release and its scores get the paths that are named there. */
function documentedScripts(
  folder: string,
  release: string,
): { name: string; path: string; of: string }[] {
  mkdirSync(join(folder, 'releases'));
  symlinkSync(release, join(folder, 'releases', 'seed-7-1.0.0'));
  mkdirSync(join(folder, 'output', 'scores', 'seed-7-1.0.0'), { recursive: true });
  symlinkSync(join(folder, 'scores'), join(folder, 'output', 'scores', 'seed-7-1.0.0', 'net'));
  const pages = readdirSync('docs').filter((page) => page.endsWith('.md'));
  return pages.flatMap((page) => {
    const blocks = readFileSync(join('docs', page), 'utf8').matchAll(/^```python\n(.*?)^```$/gms);
    return [...blocks].map(([, code], at) => {
      const path = join(folder, `${page}-${at + 1}.py`);
      writeFileSync(path, code!);
      return { name: `docs/${page}, Python ${at + 1}`, path, of: release };
    });
  });
}

/**
 * A release of 12 images with every export, one of WebP without, and beside them what a model says.
 */
async function makeReleases(folder: string): Promise<{ release: string; webp: string }> {
  const sample = join(folder, 'sample');
  await makeSample({ out: sample, seed: '42', trainPerClass: 0, valPerClass: 1 });
  const recipe = await loadRecipe('configs/recipes/demo.yaml', {
    sampling: { counts: { 1: 2, 3: 5, 4: 5 } },
  });
  const val = join(sample, 'val');
  const work = join(folder, 'work');
  const input = { annotations: join(val, 'annotations'), images: join(val, 'images'), work };
  const { dataset } = await generate({ recipe, ...input, out: join(folder, 'dataset') });
  const inWebp = { ...recipe, encode: { ...recipe.encode, format: 'webp' as const } };
  const webp = await generate({ recipe: inWebp, ...input, out: join(folder, 'webp') });
  const facts = { version: '1.0.0', to: join(folder, 'of-webp'), date: '2026-01-31' };
  const { folder: ofWebp } = await releaseDataset({ dataset: webp.dataset, ...facts });
  const card = await loadModelCard('configs/models/sample.yaml');
  const set = await openEvaluationSet({ dataset });
  await evaluateModel({ card, set, work, out: join(folder, 'scores') });
  await releaseDataset({ dataset, version: '1.0.0', to: join(folder, 'plain') });
  const released = await releaseDataset({
    dataset,
    version: '1.0.0',
    to: folder,
    exports: EXPORT_NAMES,
    shardSize: 5,
    date: '2026-01-31',
    doi: '10.5281/zenodo.1234567',
    authors: ['Doe, Jane'],
    repository: 'https://example.org/interop',
  });
  return { release: released.folder, webp: ofWebp };
}

/** The environment of a client: no network, and its caches below this folder. */
function offline(folder: string): NodeJS.ProcessEnv {
  return {
    ...process.env,
    HF_HUB_OFFLINE: '1',
    HF_DATASETS_OFFLINE: '1',
    HF_HOME: join(folder, 'hf'),
    CROISSANT_CACHE: join(folder, 'croissant'),
    MPLCONFIGDIR: join(folder, 'matplotlib'),
    PYTHONDONTWRITEBYTECODE: '1',
  };
}
