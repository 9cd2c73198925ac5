// A run on a queue, with real workers and a real Redis: src/cluster/queue.

import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { Queue } from 'bullmq';
import { openPlace, queueNameOf } from '../../src/cluster/queue/place.js';
import type { QueueStatus } from '../../src/cluster/queue/status.js';
import { generate, type Generated } from '../../src/generate/generate.js';
import { startDashboard } from '../../src/viewer/dashboard.js';
import { makeImages, writeFolders } from '../support/input.js';
import { madeRecipe, writeRecipe } from '../support/made-recipe.js';
import { useQueueLab } from '../support/queue-lab.js';
import { describeWithRedis, useRedis } from '../support/redis.js';
import { runCli, startCli } from '../support/run-cli.js';
import { writeTree } from '../support/unit-folder.js';
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
  const newLab = useQueueLab(newFolder, images, () => redis().url);

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

  test('shows what is in the queue, and cancels a run', async () => {
    const { work, generate } = newLab();
    const queue = ['--queue', redis().url];
    const cwd = newFolder('elsewhere');
    const notes: string[] = [];
    const run = generate({ onNote: (line) => notes.push(line) });
    const failure = run.catch((error: unknown) => error);
    const worker = await work();
    await worker.says(/extract 1\/6 is done/);
    await worker.kill();
    const shown = await runCli(['status', ...queue, '--json'], { cwd });
    const { runs: all } = JSON.parse(shown.stdout) as QueueStatus;
    const runs = all.filter(({ state }) => state === 'under way');
    expect(runs).toEqual([
      expect.objectContaining({ out: 'out', state: 'under way', workers: 0, failures: [] }),
    ]);
    expect(runs[0]!.stages.slice(0, 2)).toMatchObject([
      { stage: 'index', state: 'completed' },
      { stage: 'extract', state: 'waiting-children', parts: 6, images: 24 },
    ]);
    const table = await runCli(['status', ...queue], { cwd });
    expect(table.stdout).toContain(`run ${runs[0]!.id} waits for a worker of patchml`);

    const cancelled = await runCli(['status', ...queue, '--cancel', runs[0]!.id], { cwd });
    expect(cancelled).toMatchObject({ code: 0, stderr: '' });
    expect(await failure).toMatchObject({ code: 'queue-run-cancelled' });
    const unknown = await runCli(['status', ...queue, '--cancel', runs[0]!.id], { cwd });
    expect(unknown).toMatchObject({ code: 1, stderr: expect.stringContaining('there is no run') });
  });

  test('names what a worker refuses, and nothing is read or written for it', async () => {
    const { root, work, generate, expectUndivided } = newLab();
    const outside = writeTree({ 'images/a.png': 'a', 'annotations/a.xml': '<a/>' });
    const before = contentsOf(outside);
    symlinkSync(outside, join(root, 'in', 'link'));
    const { versions } = await openPlace(root);
    const name = queueNameOf(versions);
    const paths = { annotations: 'in/annotations', images: 'in/images', work: 'x', out: 'y' };
    const job = { command: 'generate', recipe: madeRecipe(), ...paths, strict: false };
    const run = { id: randomUUID(), versions, job: { ...job, overwrite: false, piece: 4 } };
    const withPaths = (fields: Partial<typeof paths>): object => ({
      run: { ...run, job: { ...run.job, ...fields } },
      stage: 'index',
    });
    const withVersion = (version: Partial<typeof versions>): object => ({
      run: { ...run, versions: { ...versions, ...version } },
      stage: 'index',
    });
    const pieces: [id: string, reason: string, data: unknown][] = [
      ['text', 'no piece of a run: Invalid input: expected object', 'no piece'],
      ['list', 'no piece of a run: Invalid input: expected object', [1, 2]],
      ['number', 'no piece of a run: run.job.piece: Invalid', withPaths({ piece: '4' } as object)],
      ['above', 'no piece of a run: run.job.images: this is', withPaths({ images: '../images' })],
      ['absolute', 'no piece of a run: run.job.out: this is', withPaths({ out: '/etc/patchml' })],
      ['huge', 'no piece of a run: run.job.work: this is', withPaths({ work: 'x/'.repeat(1e6) })],
      ['found', 'another stage', { run, stage: 'extract', found: { index: '../x' } }],
      ['part', 'another stage', { run, stage: 'extract', shard: { part: 9, of: 3 } }],
      ['patchml', 'this is for patchml 0.0.1, codecs', withVersion({ patchml: '0.0.1' })],
      ['codecs', 'codecs other, onnxruntime', withVersion({ codecs: 'other' })],
      ['storage', 'storage other; this worker has patchml', withVersion({ storage: 'other' })],
      ['other-id', "this is index under another piece's id", { run, stage: 'index' }],
      [`${run.id}-index`, 'a link in this path leads', withPaths({ images: 'in/link/images' })],
    ];
    const queue = new Queue(name, { connection: redis().client, prefix: 'patchml' });
    await queue.add('lost', {}, { jobId: 'lost' });
    await redis().client.del(`patchml:${name}:lost`);
    const worker = await work();
    for (const [jobId, , data] of pieces) await queue.add('\u001b[2J', data, { jobId });
    await queue.close();
    await worker.says(/a link in this path leads/);

    const cli = ['status', '--queue', redis().url];
    const { stdout, stderr } = await runCli(cli, { cwd: newFolder('elsewhere') });
    expect(stderr).toBe('');
    for (const [id, reason] of pieces) {
      const line = stdout.split('\n').find((each) => each.startsWith(`${id} is refused: `));
      expect(line).toEqual(expect.stringContaining(reason));
      expect(line!.length).toBeLessThan(600);
    }
    expect(contentsOf(outside)).toEqual(before);
    rmSync(join(root, 'in', 'link'));
    await generate(); // the worker is well
    await expectUndivided();
  });

  test('lets a worker end while Redis is away', async () => {
    const worker = await newLab().work();
    const closed = once(worker.process, 'close');
    await redis().crash();
    await worker.says(/is lost; waiting for it$/);
    worker.process.kill('SIGTERM');
    const ended = await closed;
    await redis().restart();
    expect(ended).toEqual([0, null]);
    expect(worker.said).toEqual([
      expect.stringMatching(/^does pieces/),
      expect.stringMatching(/is lost; waiting for it$/),
    ]);
  });

  test('serves a dashboard to those alone who have its address', async () => {
    const { generate } = newLab();
    const stop = new AbortController();
    await new Promise((resolve) => {
      generate({ signal: stop.signal, onNote: resolve }).catch(() => undefined);
    });
    stop.abort();
    const dashboard = await startDashboard(redis().url);
    const { origin } = new URL(dashboard.address);
    const page = await fetch(dashboard.address);
    const cookie = page.headers.getSetCookie()[0]!.split(';')[0]!;
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('patchml')]);
    expect((await fetch(`${origin}/api/queues`)).status).toBe(403);
    const queues = await fetch(`${origin}/api/queues`, { headers: { cookie } });
    expect([queues.status, await queues.text()]).toEqual([200, expect.stringContaining('pieces-')]);
    const pause = { method: 'PUT', headers: { cookie } };
    expect((await fetch(`${origin}/api/queues/x/pause`, pause)).status).toBe(405);
    await dashboard.close();
  });
});

describe('Without', () => {
  const cwd = newFolder('wrong');

  test.each<[string, string[], string]>([
    ['an address of a queue', ['worker'], 'pass the address of the queue with --queue'],
    ['Redis', ['status', '--queue', 'redis://127.0.0.1:9'], 'no answer'],
    [
      'an address of Redis',
      ['status', '--queue', 'http://:secret@localhost'],
      'expected the address',
    ],
  ])('%s a command says so in a line', async (_, args, problem) => {
    const { code, stderr } = await runCli(args, { cwd });
    expect([code, stderr]).toEqual([args.length > 1 ? 1 : 2, expect.stringContaining(problem)]);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stderr).not.toContain('secret');
  });
});
