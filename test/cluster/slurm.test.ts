// configs/cluster/generate-slurm.sh, with a Slurm of one machine.

import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { expect, test } from '@jest/globals';
import { readDataset } from '../../src/dataset/dataset.js';
import { generate } from '../../src/generate/generate.js';
import { loadRecipe } from '../../src/recipe/load.js';
import { makeImages, writeFolders } from '../support/input.js';
import { writeTree } from '../support/unit-folder.js';

const SCRIPT = resolve('configs/cluster/generate-slurm.sh');

/** Runs a job at once, the tasks of an array all together; says a number, as sbatch --parsable does. */
const SBATCH = `#!/usr/bin/env bash
set -euo pipefail
tasks=1
while [ $# -gt 0 ]; do
  case $1 in
    --array=1-*) tasks=\${1#--array=1-} ;;
    --dependency=afterok:7) ;;
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
for pid in "\${pids[@]}"; do wait "$pid"; done
echo "$tasks: $command" >>"$JOBS"
echo 7
`;

test('The Slurm script makes the dataset of an undivided run', async () => {
  const folder = writeTree({
    'bin/sbatch': SBATCH,
    'bin/srun': '#!/bin/sh\nexec "$@"\n',
    'recipe.yaml': 'name: shards\nsampling:\n  counts: { 1: 3, 2: 8 }\n',
  });
  for (const name of ['sbatch', 'srun']) chmodSync(join(folder, 'bin', name), 0o755);
  const { annotations, images } = writeFolders(
    join(folder, 'in put'),
    await makeImages({ images: 16 }),
  );
  const [out, work, recipe] = ['a dataset', 'work', 'recipe.yaml'].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  const flags = { recipe, annotations, images, work };
  execFileSync(
    'bash',
    [SCRIPT, '2', out, ...Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value])],
    {
      env: {
        ...process.env,
        PATH: `${join(folder, 'bin')}${delimiter}${process.env['PATH']}`,
        PATCHML: `${process.execPath} ${resolve('dist/src/cli/bin.cjs')}`,
        JOBS: join(folder, 'jobs'),
      },
    },
  );
  const jobs = readFileSync(join(folder, 'jobs'), 'utf8').trim().split('\n');
  expect(jobs.map((job) => /^(\d): .*?bin\.cjs (merge )?(\w+) /.exec(job)?.slice(1))).toEqual([
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
