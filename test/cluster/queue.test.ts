// A run on a queue, with real workers and a real Redis: src/cluster/queue.

import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { generate, type Generated } from '../../src/generate/generate.js';
import { makeImages, writeFolders } from '../support/input.js';
import { madeRecipe, writeRecipe } from '../support/made-recipe.js';
import { describeWithRedis, useRedis } from '../support/redis.js';
import { runCli, startCli } from '../support/run-cli.js';
import { contentsOf, openWorkspace } from '../support/workspace.js';

const newFolder = openWorkspace();
const images = await makeImages({ images: 24 });

/** A storage with the inputs in it. */
function newStorage(): string {
  const root = newFolder('storage');
  writeFolders(join(root, 'in'), images);
  return root;
}

/** The undivided run of the same inputs and recipe. */
async function undivided(): Promise<Generated> {
  const root = newStorage();
  const [annotations, store] = ['annotations', 'images'].map((name) => join(root, 'in', name));
  const input = { recipe: madeRecipe(), annotations, images: store };
  return generate({ ...input, work: join(root, 'work'), out: join(root, 'out') }, { jobs: 1 });
}

describeWithRedis('The command line', () => {
  const redis = useRedis();

  test('has a dataset made by a worker, as an undivided run makes it', async () => {
    const made = await undivided();
    const root = newStorage();
    const recipe = writeRecipe(newFolder('recipe'));
    const where = ['--queue', redis().url, '--root', root];
    const worker = startCli(['worker', ...where, '--jobs', '1'], { cwd: root });
    const inputs = ['-a', 'in/annotations', '-i', 'in/images', '-o', 'out', '--work', 'work'];
    const pieces = ['--piece-images', '10'];
    const args = ['generate', '-r', recipe, ...inputs, ...where, ...pieces, '--json'];
    const { code, stdout, stderr } = await runCli(args, { cwd: newFolder('elsewhere') });
    worker.process.kill('SIGINT');
    const ended = await worker.end;
    expect([code, stderr]).toEqual([
      0,
      expect.stringMatching(/^run [0-9a-f-]{36} is in the queue/),
    ]);
    expect(JSON.parse(stdout)).toMatchObject({
      dataset: join(root, 'out'),
      digest: made.lock.dataset,
    });
    expect(contentsOf(join(root, 'out'))).toEqual(contentsOf(made.dataset));
    expect(ended).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('extract 3/3 is done'),
    });
  });
});
