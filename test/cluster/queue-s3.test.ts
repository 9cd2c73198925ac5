// A run on a queue whose storage is in S3: src/cluster/queue with src/cluster/s3-storage.ts.

import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { generateOnQueue } from '../../src/cluster/queue/generate-on-queue.js';
import { openStorage } from '../../src/cluster/storage.js';
import { verifyDataset } from '../../src/dataset/verify.js';
import { generate } from '../../src/generate/generate.js';
import type { SeenRequest } from '../support/faulty-proxy.js';
import { makeImages, writeFolders } from '../support/input.js';
import { madeRecipe, writeRecipe } from '../support/made-recipe.js';
import { type Network, startNetwork } from '../support/network.js';
import { describeWithRedis, useRedis } from '../support/redis.js';
import { runCli, startCli } from '../support/run-cli.js';
import { useS3 } from '../support/s3-server.js';
import { contentsOf, openWorkspace, pathsIn } from '../support/workspace.js';

const newFolder = openWorkspace();
const s3 = useS3();

/** How long the network is cut, ms. */
const CUT = Number(process.env['PATCHML_TEST_CUT'] ?? 1500);

/** Requests in the middle of which it is cut: of a fetch, of a publication, of the last mark. */
const CUTS: readonly [RegExp, Parameters<Network['cut']>[0]][] = [
  [/^GET .*\/work\/pool\/[0-9a-f]{16}\/patches\.bin/, 'silent'],
  [/^PUT .*-of-4\/images\//, 'refused'],
  [/^PUT .*\/out\/SHA256SUMS/, 'refused'],
];

describeWithRedis('Two workers without a folder in common', () => {
  const redis = useRedis();

  test('make the dataset of an undivided run in S3, whose network is cut three times', async () => {
    const inputs = newFolder('inputs');
    const { annotations, images } = writeFolders(inputs, await makeImages({ images: 24 }));
    const work = newFolder('undivided');
    const input = { recipe: madeRecipe(), annotations, images, work, out: join(work, 'out') };
    const made = await generate(input, { jobs: 1 });
    for (const path of pathsIn(inputs).filter((path) => /\.\w+$/.test(path))) {
      await s3.put(`in/${path}`, readFileSync(join(inputs, path)));
    }
    const network = await startNetwork(Number(new URL(s3.url()).port));
    const cuts = [...CUTS];
    const cutOnce = ({ method, url }: SeenRequest): boolean => {
      const at = cuts.findIndex(([request]) => request.test(`${method} ${url}`));
      if (at >= 0) {
        network.cut(cuts.splice(at, 1)[0]![1]);
        setTimeout(() => void network.mend(), CUT);
      }
      return false;
    };
    s3.faults.push({ on: cutOnce, fault: {} });

    const root = `${s3.to()}/shapes-1.1.0`;
    const endpoint = `http://127.0.0.1:${network.port}`;
    const through = ['--queue', redis().url, '--root', root, '--endpoint', endpoint];
    const workers = ['one', 'two'].map((name) =>
      startCli(['worker', ...through, '--jobs', '1', '--json'], { cwd: newFolder(name) }),
    );
    const recipe = writeRecipe(newFolder('recipe'));
    const paths = ['-a', 'in/annotations', '-i', 'in/images', '--work', 'work'];
    const flags = ['-o', 'out', '--piece-images', '6', '--json', '--quiet'];
    const args = ['generate', '-r', recipe, ...paths, ...through, ...flags];
    const { code, stdout, stderr } = await runCli(args, { cwd: newFolder('coordinator') });
    for (const { process } of workers) process.kill('SIGINT');
    const reports = await Promise.all(workers.map(({ end }) => end));
    await network.close();
    expect([code, stderr]).toEqual([0, '']);
    expect(cuts).toEqual([]);
    expect(JSON.parse(stdout)).toMatchObject({ digest: made.lock.dataset });
    expect(reports.map((report) => report.code)).toEqual([0, 0]);
    const done = reports.map((report) => (JSON.parse(report.stdout) as { done: number }).done);
    expect(done[0]! + done[1]!).toBe(4 + 4 + 4); // stages, and parts of two of them: each once

    const storage = await openStorage(root, { endpoint: s3.url(), cache: newFolder('cache') });
    const copy = await storage.fetch('out');
    expect(contentsOf(copy)).toEqual(contentsOf(made.dataset));
    expect((await verifyDataset({ dataset: copy })).findings).toEqual([]);
    const left = s3.objects().filter((path) => /\.shards\/|PUSHING/.test(path));
    expect(left).toEqual([]);

    // What is at an output's place is looked at before any work: there is no worker.
    const given = { ...{ annotations: 'in/annotations', images: 'in/images', work: 'work' }, root };
    const options = { endpoint: s3.url(), cache: newFolder('cache') };
    for (const [out, overwrite, code] of [
      ['out', false, 'output-other-dataset'],
      ['in', true, 'output-not-empty'],
    ] as const) {
      const other = { ...given, recipe: madeRecipe({ seed: 8 }), out, queue: redis().url };
      const refused = generateOnQueue(other, { ...options, overwrite });
      await expect(refused).rejects.toMatchObject({ code, path: `${root}/${out}` });
    }
  });
});
