// configs/cluster/generate-job.yaml, with a Kubernetes of one machine.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { expect, test } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { readDataset } from '../../src/dataset/dataset.js';
import { generate } from '../../src/generate/generate.js';
import { loadRecipe } from '../../src/recipe/load.js';
import { makeImages, writeFolders } from '../support/input.js';
import { writeTree } from '../support/unit-folder.js';

interface Job {
  kind: 'Job';
  metadata: { name: string };
  spec: {
    completions: number;
    parallelism: number;
    template: { spec: { containers: [{ command: string[]; args: string[] }] } };
  };
}

interface ConfigMap {
  kind: 'ConfigMap';
  data: { INPUTS: string; OUT: string; SHARDS: string };
}

const text = readFileSync('configs/cluster/generate-job.yaml', 'utf8');
const documents = parseAllDocuments(text).map((document) => document.toJS() as Job | ConfigMap);
const jobs = documents.filter((document) => document.kind === 'Job');
const { data } = documents.find((document) => document.kind === 'ConfigMap')!;

test('The Jobs have as many pods as there are shards, and are resumed in their order', () => {
  const pods = Object.fromEntries(
    jobs.map(({ metadata: { name }, spec }) => [name, [spec.completions, spec.parallelism]]),
  );
  const [one, all] = [
    [1, 1],
    [Number(data.SHARDS), Number(data.SHARDS)],
  ];
  expect(Object.entries(pods)).toEqual([
    ['patchml-index', one],
    ['patchml-extract', all],
    ['patchml-plan', one],
    ['patchml-compose', all],
    ['patchml-merge', one],
  ]);
  expect(readFileSync('docs/scaling.md', 'utf8')).toContain(
    `for job in ${Object.keys(pods).join(' ')}; do`,
  );
});

test('The Jobs make the dataset of an undivided run', async () => {
  const bin = resolve('dist/src/cli/bin.cjs');
  const folder = writeTree({
    'bin/patchml': `#!/bin/sh\nexec '${process.execPath}' '${bin}' "$@"\n`,
    'recipe.yaml': 'name: shards\nsampling:\n  counts: { 1: 3, 2: 8 }\n',
  });
  chmodSync(join(folder, 'bin/patchml'), 0o755);
  const inputs = writeFolders(folder, await makeImages({ images: 16 }));
  const shared = (value: string): string => value.replaceAll('/shared', folder);
  const variables = { INPUTS: shared(data.INPUTS), OUT: shared(data.OUT), SHARDS: '2' };
  for (const { spec } of jobs) {
    const pods = spec.completions === 1 ? 1 : 2;
    await Promise.all(Array.from({ length: pods }, (_, index) => runPod(spec, index)));
  }

  async function runPod({ template }: Job['spec'], index: number): Promise<void> {
    const [{ command, args }] = template.spec.containers;
    const env = { ...variables, JOB_COMPLETION_INDEX: String(index) };
    const [file, ...words] = [...command, ...args].map((word) => expand(word, env));
    const pod = spawn(file!, words, {
      env: { ...env, PATH: `${join(folder, 'bin')}${delimiter}${process.env['PATH']}` },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    expect(await once(pod, 'exit')).toEqual([0, null]);
  }

  expect(existsSync(`${variables.OUT}.shards`)).toBe(false);
  const { lock } = await generate(
    {
      recipe: await loadRecipe(join(folder, 'recipe.yaml')),
      ...inputs,
      work: join(folder, 'other work'),
      out: join(folder, 'undivided'),
    },
    { jobs: 1 },
  );
  expect((await readDataset(variables.OUT)).lock.dataset).toBe(lock.dataset);
}, 120_000);

/** What Kubernetes does before a command runs: `$(NAME)` is a variable's value, where there is one. */
function expand(word: string, env: Record<string, string>): string {
  return word.replaceAll(/\$\(([^)]*)\)/g, (found, name: string) => env[name] ?? found);
}
