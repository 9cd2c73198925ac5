// A run on a queue whose storage is in S3: src/cluster/queue with src/cluster/s3-storage.ts.

import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { openStorage } from '../../src/cluster/storage.js';
import { verifyDataset } from '../../src/dataset/verify.js';
import { generate } from '../../src/generate/generate.js';
import { makeImages, writeFolders } from '../support/input.js';
import { madeRecipe, writeRecipe } from '../support/made-recipe.js';
import { describeWithRedis, useRedis } from '../support/redis.js';
import { runCli, startCli } from '../support/run-cli.js';
import { useS3 } from '../support/s3-server.js';
import { contentsOf, openWorkspace, pathsIn } from '../support/workspace.js';

const newFolder = openWorkspace();
const s3 = useS3();

describeWithRedis('Two workers without a folder in common', () => {
  const redis = useRedis();

  test('make the dataset of an undivided run in S3', async () => {
    const inputs = newFolder('inputs');
    const { annotations, images } = writeFolders(inputs, await makeImages({ images: 24 }));
    const work = newFolder('undivided');
    const input = { recipe: madeRecipe(), annotations, images, work, out: join(work, 'out') };
    const made = await generate(input, { jobs: 1 });
    for (const path of pathsIn(inputs).filter((path) => /\.\w+$/.test(path))) {
      await s3.put(`in/${path}`, readFileSync(join(inputs, path)));
    }
    const root = `${s3.to()}/shapes-1.1.0`;
    const where = ['--queue', redis().url, '--root', root, '--endpoint', s3.url()];
    const workers = ['one', 'two'].map((name) =>
      startCli(['worker', ...where, '--jobs', '1', '--json'], { cwd: newFolder(name) }),
    );
    const recipe = writeRecipe(newFolder('recipe'));
    const paths = ['-a', 'in/annotations', '-i', 'in/images', '-o', 'out', '--work', 'work'];
    const args = [
      'generate',
      '-r',
      recipe,
      ...paths,
      ...where,
      '--piece-images',
      '6',
      '--json',
      '--quiet',
    ];
    const { code, stdout, stderr } = await runCli(args, { cwd: newFolder('coordinator') });
    for (const { process } of workers) process.kill('SIGINT');
    const reports = await Promise.all(workers.map(({ end }) => end));
    expect([code, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout)).toMatchObject({ digest: made.lock.dataset });
    expect(reports.map((report) => report.code)).toEqual([0, 0]);
    const storage = await openStorage(root, { endpoint: s3.url(), cache: newFolder('cache') });
    const copy = await storage.fetch('out');
    expect(contentsOf(copy)).toEqual(contentsOf(made.dataset));
    expect((await verifyDataset({ dataset: copy })).findings).toEqual([]);
    const left = s3.objects().filter((path) => /\.shards\/|PUSHING/.test(path));
    expect(left).toEqual([]);
  });
});
