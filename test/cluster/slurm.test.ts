// The scripts of configs/cluster for Slurm, with a Slurm of one machine.

import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { expect, test } from '@jest/globals';
import { stringify } from 'yaml';
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

/**
 * Runs a job at once, the tasks of an array all together; says a number, as sbatch --parsable does. A
 * job that needs the one before it to succeed is refused where it did not.
 */
const SBATCH = `#!/usr/bin/env bash
set -euo pipefail
tasks=1
while [ $# -gt 0 ]; do
  case $1 in
    --array=1-*) tasks=\${1#--array=1-} ;;
    --dependency=afterok:7) [ ! -e "$JOBS.failed" ] ;;
    --dependency=afterany:7) ;;
    --parsable | --requeue | --job-name=*) ;;
    --wrap) command=$2; shift ;;
    *) echo "sbatch: $1?" >&2; exit 1 ;;
  esac
  shift
done
pids=()
for task in $(seq "$tasks"); do
  SLURM_ARRAY_TASK_ID=$task sh -c "$command" >>"$JOBS" 2>&1 &
  pids+=($!)
done
for pid in "\${pids[@]}"; do wait "$pid" || touch "$JOBS.failed"; done
echo "$tasks: $command" >>"$JOBS"
echo 7
`;

/** A cluster of one machine, in a folder with these files. */
function openCluster(files: Record<string, string>) {
  const folder = writeTree({
    'bin/sbatch': SBATCH,
    'bin/srun': '#!/bin/sh\nexec "$@"\n',
    ...files,
  });
  for (const name of ['sbatch', 'srun']) chmodSync(join(folder, 'bin', name), 0o755);
  return {
    folder,
    /** Submits a script's jobs, and waits for them. */
    submit: (script: string, ...args: string[]): void => {
      execFileSync('bash', [resolve('configs/cluster', script), ...args], {
        cwd: folder,
        env: {
          ...process.env,
          PATH: `${join(folder, 'bin')}${delimiter}${process.env['PATH']}`,
          PATCHML: `${process.execPath} ${resolve('dist/src/cli/bin.cjs')}`,
          JOBS: join(folder, 'jobs'),
        },
      });
    },
    /** Of each job: its tasks, and the command. */
    jobs: (): (string | undefined)[][] => {
      const lines = readFileSync(join(folder, 'jobs'), 'utf8').trim().split('\n');
      return lines.flatMap((line) => {
        const job = /^(\d+): .*?bin\.cjs (merge )?(\w+) /.exec(line);
        return job ? [job.slice(1)] : [];
      });
    },
    hasFailed: () => existsSync(join(folder, 'jobs.failed')),
  };
}

test('generate-slurm.sh makes the dataset of an undivided run', async () => {
  const { folder, submit, jobs } = openCluster({
    'recipe.yaml': 'name: shards\nsampling:\n  counts: { 1: 3, 2: 8 }\n',
  });
  const { annotations, images } = writeFolders(
    join(folder, 'in put'),
    await makeImages({ images: 16 }),
  );
  const [out, work, recipe] = ['a dataset', 'work', 'recipe.yaml'].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  const flags = { recipe, annotations, images, work };
  const words = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]);
  submit('generate-slurm.sh', '2', out, ...words);
  expect(jobs()).toEqual([
    ['1', undefined, 'index'],
    ['2', undefined, 'extract'],
    ['1', 'merge ', 'extract'],
    ['1', undefined, 'plan'],
    ['2', undefined, 'compose'],
    ['1', 'merge ', 'compose'],
  ]);
  expect(existsSync(`${out}.shards`)).toBe(false);
  const { lock } = await generate(
    {
      recipe: await loadRecipe(recipe),
      annotations,
      images,
      work: join(folder, 'other work'),
      out: join(folder, 'undivided'),
    },
    { jobs: 1 },
  );
  expect((await readDataset(out)).lock.dataset).toBe(lock.dataset);
}, 120_000);

test('measure-slurm.sh makes the scores of undivided runs, and names a model that fails', async () => {
  const images = Object.fromEntries(
    await Promise.all(
      Array.from({ length: 40 }, async (_, i) => {
        const image = flatImage(20, 10, [6 * i, 250 - 5 * i, (37 * i) % 256]);
        return [`images/n07753592/${10 + i}.png`, await encode(image, 'png', 9)] as const;
      }),
    ),
  );
  const { folder, submit, jobs, hasFailed } = openCluster({
    'cards/tiny.yaml': stringify({ ...tinyCard('nchw'), name: undefined }),
    'cards/wrong.yaml': 'model: none.onnx\n',
  });
  writeTree(images, folder);
  const set = await openEvaluationSet({ dataset: join(folder, 'images') });
  const [work, out] = ['work', 'scores of all'];
  const flags = ['--models', 'cards/*.yaml', '--dataset', 'images', '--work', work, '--out', out];
  submit('measure-slurm.sh', '2', 'evaluate', ...flags, '--resamples', '50');
  expect([jobs(), hasFailed()]).toEqual([
    [
      ['2', undefined, 'evaluate'],
      ['1', 'merge ', 'evaluate'],
    ],
    true,
  ]);
  const log = readFileSync(join(folder, 'jobs'), 'utf8');
  expect(log.match(/^patchml: cards\/wrong\.yaml failed: /gm)).toHaveLength(3);
  const undivided = await evaluateModels(
    {
      cards: [join(folder, 'cards/tiny.yaml')],
      set,
      work: join(folder, 'other work'),
      out: join(folder, 'undivided'),
    },
    { jobs: 1, resamples: 50 },
  );
  expect(undivided.failures).toEqual([]);
  expect(contentsOf(join(folder, out))).toEqual(contentsOf(join(folder, 'undivided')));
}, 120_000);

test('measure-slurm.sh makes the results of an undivided study', async () => {
  const { folder, submit, jobs, hasFailed } = openCluster({});
  writeStudyFiles(['plain', 'better'], folder);
  writeStudy(folder);
  submit('measure-slurm.sh', '2', 'study', 'study.yaml', '--work', 'work', '--out', 'out');
  expect([jobs(), hasFailed()]).toEqual([
    [
      ['2', undefined, 'study'],
      ['1', 'merge ', 'study'],
    ],
    false,
  ]);
  const study = await loadStudy(join(folder, 'study.yaml'));
  const out = join(folder, 'undivided');
  await runStudy({ study, out, work: join(folder, 'other work') });
  expect(contentsOf(join(folder, 'out'))).toEqual(contentsOf(out));
}, 120_000);
