// The Jobs of configs/cluster for Kubernetes, with a Kubernetes of one machine.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parseAllDocuments, stringify } from 'yaml';
import { readDataset } from '../../src/dataset/dataset.js';
import { generate } from '../../src/generate/generate.js';
import { encode } from '../../src/image/encode.js';
import { loadRecipe } from '../../src/recipe/load.js';
import { evaluateModels } from '../../src/score/evaluate.js';
import { openEvaluationSet } from '../../src/sets/open-set.js';
import { loadStudy } from '../../src/study/load.js';
import { runStudy } from '../../src/study/run-study.js';
import { makeImages, writeFolders } from '../support/input.js';
import { tinyCard } from '../support/unit-cards.js';
import { writeTree } from '../support/unit-folder.js';
import { flatImage } from '../support/unit-images.js';
import { writeStudy, writeStudyFiles } from '../support/unit-studies.js';
import { contentsOf } from '../support/workspace.js';

interface Job {
  kind: 'Job';
  metadata: { name: string };
  spec: {
    completions: number;
    parallelism: number;
    template: {
      spec: {
        containers: [
          { command: string[]; args: string[]; envFrom: [{ configMapRef: { name: string } }] },
        ];
      };
    };
  };
}

interface ConfigMap {
  kind: 'ConfigMap';
  metadata: { name: string };
  data: Record<string, string>;
}

interface Claim {
  kind: 'PersistentVolumeClaim';
}

/** A file of Jobs: what their pods are given, and the Jobs in their order. */
function readJobs(name: string) {
  const text = readFileSync(join('configs/cluster', name), 'utf8');
  const documents = parseAllDocuments(text).map(
    (document) => document.toJS() as Job | ConfigMap | Claim,
  );
  return {
    jobs: documents.filter((document) => document.kind === 'Job'),
    config: documents.find((document) => document.kind === 'ConfigMap')!,
    claim: documents.find((document) => document.kind === 'PersistentVolumeClaim')!,
  };
}

/** A folder with these files, and with patchml as a command. */
function openVolume(files: Record<string, string>): string {
  const bin = resolve('dist/src/cli/bin.cjs');
  const folder = writeTree({
    'bin/patchml': `#!/bin/sh\nexec '${process.execPath}' '${bin}' "$@"\n`,
    ...files,
  });
  chmodSync(join(folder, 'bin/patchml'), 0o755);
  return folder;
}

/** Runs a file's Jobs one after another, those of several pods with two, on a volume at /shared. */
async function runJobs(name: string, folder: string, changed: Record<string, string> = {}) {
  const { jobs, config } = readJobs(name);
  const variables = Object.fromEntries(
    Object.entries({ ...config.data, ...changed, SHARDS: '2' }).map(([key, value]) => {
      return [key, value.replaceAll('/shared', folder)];
    }),
  );
  for (const { spec } of jobs) {
    const pods = spec.completions === 1 ? 1 : 2;
    const ends = await Promise.all(Array.from({ length: pods }, (_, at) => runPod(spec, at)));
    expect(ends).toEqual(ends.map(() => [0, null]));
  }

  async function runPod({ template }: Job['spec'], index: number): Promise<unknown[]> {
    const [{ command, args }] = template.spec.containers;
    const env = { ...variables, JOB_COMPLETION_INDEX: String(index) };
    const [file, ...words] = [...command, ...args].map((word) => expand(word, env));
    const pod = spawn(file!, words, {
      env: { ...env, PATH: `${join(folder, 'bin')}${delimiter}${process.env['PATH']}` },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    return once(pod, 'exit');
  }
}

/** What Kubernetes does before a command runs: `$(NAME)` is a variable's value, where there is one. */
function expand(word: string, env: Record<string, string>): string {
  return word.replaceAll(/\$\(([^)]*)\)/g, (found, name: string) => env[name] ?? found);
}

/** Of each Job, how many pods it has; those with several have one for each shard. */
const JOBS = {
  'generate-job.yaml': {
    'patchml-index': 'one',
    'patchml-extract': 'all',
    'patchml-plan': 'one',
    'patchml-compose': 'all',
    'patchml-merge': 'one',
  },
  'measure-job.yaml': { 'patchml-measure': 'all', 'patchml-measure-merge': 'one' },
} as const;

describe.each(Object.entries(JOBS))('%s', (file, pods) => {
  const { jobs, config, claim } = readJobs(file);

  test('has as many pods as there are shards, and is resumed in its order', () => {
    const counts = jobs.map(({ metadata: { name }, spec }) => [
      name,
      [spec.completions, spec.parallelism],
    ]);
    const expected = { one: 1, all: Number(config.data['SHARDS']) };
    expect(counts).toEqual(
      Object.entries(pods).map(([name, many]) => [name, [expected[many], expected[many]]]),
    );
    const page = readFileSync('docs/scaling.md', 'utf8');
    expect(page).toContain(`kubectl apply --filename configs/cluster/${file}`);
    expect(page).toContain(`for job in ${Object.keys(pods).join(' ')}; do`);
  });

  test('gives its pods the variables of its own ConfigMap, and the volume that all share', () => {
    for (const { spec } of jobs) {
      const [{ envFrom }] = spec.template.spec.containers;
      expect(envFrom).toEqual([{ configMapRef: { name: config.metadata.name } }]);
    }
    expect(claim).toEqual(readJobs('generate-job.yaml').claim);
  });
});

test('The Jobs of generate-job.yaml make the dataset of an undivided run', async () => {
  const folder = openVolume({
    'recipe.yaml': 'name: shards\nsampling:\n  counts: { 1: 3, 2: 8 }\n',
  });
  const inputs = writeFolders(folder, await makeImages({ images: 16 }));
  await runJobs('generate-job.yaml', folder);
  const out = join(folder, 'dataset');
  expect(existsSync(`${out}.shards`)).toBe(false);
  const { lock } = await generate(
    {
      recipe: await loadRecipe(join(folder, 'recipe.yaml')),
      ...inputs,
      work: join(folder, 'other work'),
      out: join(folder, 'undivided'),
    },
    { jobs: 1 },
  );
  expect((await readDataset(out)).lock.dataset).toBe(lock.dataset);
}, 120_000);

test('The Jobs of measure-job.yaml make the scores of undivided runs', async () => {
  const cards = ['cards/one.yaml', 'cards/two.yaml'];
  const card = stringify({ ...tinyCard('nchw'), name: undefined });
  const folder = openVolume(Object.fromEntries(cards.map((path) => [path, card])));
  const images: Record<string, Uint8Array> = {};
  for (let i = 0; i < 20; i += 1) {
    const image = flatImage(20, 10, [12 * i, 250 - 10 * i, (37 * i) % 256]);
    images[`val/ILSVRC2012_val_000000${10 + i}_n07753592.JPEG`] = await encode(image, 'jpeg', 90);
  }
  writeTree(images, folder);
  await runJobs('measure-job.yaml', folder);
  const undivided = await evaluateModels(
    {
      cards: cards.map((path) => join(folder, path)),
      set: await openEvaluationSet({ images: join(folder, 'val') }),
      work: join(folder, 'other work'),
      out: join(folder, 'undivided'),
    },
    { jobs: 1 },
  );
  expect(undivided.failures).toEqual([]);
  expect(contentsOf(join(folder, 'scores'))).toEqual(contentsOf(join(folder, 'undivided')));
}, 120_000);

test('The Jobs of measure-job.yaml make the results of an undivided study', async () => {
  const folder = openVolume({});
  writeStudyFiles(['plain', 'better'], folder);
  writeStudy(folder);
  const text = readFileSync('configs/cluster/measure-job.yaml', 'utf8');
  const [, command] = /# For a study: (.*)/.exec(text)!;
  await runJobs('measure-job.yaml', folder, { MEASURE: command! });
  const study = await loadStudy(join(folder, 'study.yaml'));
  const out = join(folder, 'undivided');
  await runStudy({ study, out, work: join(folder, 'other work') });
  expect(contentsOf(join(folder, 'results'))).toEqual(contentsOf(out));
}, 120_000);
