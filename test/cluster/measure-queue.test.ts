// Models evaluated, and studies run, on a queue with real workers and a real Redis: src/cluster/queue.

import { copyFileSync, readdirSync, readFileSync, statSync, utimesSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import { evaluateOnQueue } from '../../src/cluster/queue/evaluate-on-queue.js';
import type { QueueStatus } from '../../src/cluster/queue/status.js';
import { openStorage } from '../../src/cluster/storage.js';
import { studyOnQueue } from '../../src/cluster/queue/study-on-queue.js';
import { encode } from '../../src/image/encode.js';
import { type EvaluatedModels, evaluateModels } from '../../src/score/evaluate.js';
import { openEvaluationSet } from '../../src/sets/open-set.js';
import { makeImages, writeFolders } from '../support/input.js';
import { writeRecipe } from '../support/made-recipe.js';
import { runCli, startCli } from '../support/run-cli.js';
import { loadStudy } from '../../src/study/load.js';
import { runStudy } from '../../src/study/run-study.js';
import { describeWithRedis, useRedis } from '../support/redis.js';
import { useWorkers } from '../support/queue-lab.js';
import { useS3 } from '../support/s3-server.js';
import { tinyCard } from '../support/unit-cards.js';
import { writeTree } from '../support/unit-folder.js';
import { flatImage } from '../support/unit-images.js';
import { contentsOf, openWorkspace, pathsIn } from '../support/workspace.js';

const newFolder = openWorkspace();
const s3 = useS3();

/** A storage with 23 images of two classes in it, of which three are no images, and models. */
async function newStorage(): Promise<string> {
  const root = newFolder('storage');
  const files: Record<string, Uint8Array | string> = {};
  for (let i = 0; i < 23; i += 1) {
    const colour = [11 * i, 250 - 7 * i, (37 * i) % 256] as const;
    const image = await encode(flatImage(20, 10, colour), 'png', 9);
    const wnid = i % 3 === 0 ? 'n01770393' : 'n07753592';
    files[`in/set/${wnid}/${String(i).padStart(2, '0')}.png`] = [4, 9, 22].includes(i)
      ? 'no image'
      : image;
  }
  files['models/broken.onnx'] = 'no model';
  for (const name of ['broken', 'dynamic']) {
    const card = { ...tinyCard('dynamic'), name, model: `${name}.onnx` };
    files[`models/${name}.yaml`] = stringify(card);
  }
  writeTree(files, root);
  for (const name of ['sample.onnx', 'sample.yaml']) {
    copyFileSync(join('configs', 'models', name), join(root, 'models', name));
  }
  copyFileSync(
    resolve('test', 'models', 'graphs', 'dynamic.onnx'),
    join(root, 'models/dynamic.onnx'),
  );
  return root;
}

const few = { resamples: 20 };

/** The undivided run of the same. */
async function undivided(root: string, cards: readonly string[]): Promise<EvaluatedModels> {
  const set = await openEvaluationSet({ dataset: join(root, 'in', 'set') });
  const places = { work: join(root, 'work-1'), out: join(root, 'out-1') };
  return evaluateModels({ cards, set, ...places }, { ...few, jobs: 1 });
}

const said = ({ failures }: EvaluatedModels): unknown[] =>
  failures.map(({ card, error: { code, message } }) => [card, code, message]);

describeWithRedis('Models on a queue', () => {
  const redis = useRedis();
  const startWorkers = useWorkers(() => redis().url);

  test('are scored by two workers as by an undivided run, and one that fails is named', async () => {
    const root = await newStorage();
    const cards = ['broken', 'dynamic', 'sample'].map((name) =>
      join(root, 'models', `${name}.yaml`),
    );
    const { work, queue, signal } = startWorkers(root);
    const places = { work: 'work', out: 'out' };
    const input = { cards, set: { dataset: 'in/set' }, ...places, ...queue };
    const run = evaluateOnQueue(input, { ...few, piece: 5, signal });
    await Promise.all([work(), work()]);
    const done = await run;
    const made = await undivided(root, cards);
    expect(said(done)).toEqual(said(made));
    expect(done.evaluated.map(({ scorecard }) => scorecard)).toEqual(
      made.evaluated.map(({ scorecard }) => scorecard),
    );
    expect(contentsOf(join(root, 'out'))).toEqual(contentsOf(join(root, 'out-1')));
    expect(contentsOf(join(root, 'work'))).toEqual(contentsOf(join(root, 'work-1')));
    expect(readdirSync(root).sort()).toEqual([
      ...['.patchml-storage', 'in', 'models', 'out', 'out-1', 'work', 'work-1'],
    ]);
    const again = await evaluateOnQueue(input, { ...few, piece: 5, signal });
    expect(again.evaluated.map(({ predictions }) => predictions.reused)).toEqual([true, true]);
    expect(contentsOf(join(root, 'out'))).toEqual(contentsOf(join(root, 'out-1')));
  });

  test('are scored by the command line, where a worker is killed in the middle', async () => {
    const root = await newStorage();
    const { work } = startWorkers(root);
    const first = await work();
    const evaluate = startCli(
      [
        ...['evaluate', '-m', join(root, 'models', 'sample.yaml'), '-d', 'in/set', '--json'],
        ...['--work', 'work', '-o', 'out', '--resamples', '20', '--piece-images', '2'],
        ...['--queue', redis().url, '--root', root],
      ],
      { cwd: newFolder('elsewhere') },
    );
    await first.says(/predict 2\/12 is done/);
    await first.kill();
    const status = await runCli(['status', '--queue', redis().url, '--json'], { cwd: root });
    const { runs } = JSON.parse(status.stdout) as QueueStatus;
    expect(runs.find(({ state }) => state === 'under way')).toMatchObject({
      command: 'evaluate',
      out: 'out',
      stages: [{ stage: 'predict', parts: 12, images: 23 }, { stage: 'score' }],
    });
    await work();
    const { code, stdout, stderr } = await evaluate.end;
    expect([code, stderr]).toEqual([0, expect.stringContaining('3 images could not be decoded')]);
    await undivided(root, [join(root, 'models', 'sample.yaml')]);
    expect(contentsOf(join(root, 'out'))).toEqual(contentsOf(join(root, 'out-1')));
    expect(contentsOf(join(root, 'work'))).toEqual(contentsOf(join(root, 'work-1')));
    expect(JSON.parse(stdout)).toMatchObject({
      folder: join(root, 'out', 'set', 'sample'),
      model: { name: 'sample' },
    });
  });

  test('are scored in S3', async () => {
    const root = await newStorage();
    for (const path of pathsIn(join(root, 'in')).filter((name) => name.endsWith('.png'))) {
      await s3.put(`in/${path}`, readFileSync(join(root, 'in', path)));
    }
    const card = join('configs', 'models', 'sample.yaml');
    const model = card.replace('.yaml', '.onnx');
    await s3.put(model, readFileSync(model));
    const { work, signal } = startWorkers(`${s3.to()}/shapes-1.1.0`);
    const store = { endpoint: s3.url(), cache: newFolder('cache') };
    const places = {
      work: 'work',
      out: 'out',
      queue: redis().url,
      root: `${s3.to()}/shapes-1.1.0`,
    };
    const run = evaluateOnQueue(
      { cards: [card], set: { dataset: 'in/set' }, ...places },
      { ...few, ...store, piece: 8, signal },
    );
    await work(store);
    const done = await run;
    const made = await undivided(root, [card]);
    expect(said(done)).toEqual([]);
    const storage = await openStorage(places.root, store);
    const scores = await storage.fetch('out/set/sample');
    expect(readFileSync(join(scores, 'images.csv'))).toEqual(
      readFileSync(join(root, 'out-1', 'set', 'sample', 'images.csv')),
    );
    expect(done.evaluated[0]!.scorecard.metrics).toEqual(made.evaluated[0]!.scorecard.metrics);
    expect(s3.objects().filter((path) => /\.shards\/|PUSHING/.test(path))).toEqual([]);
  });

  test.each<[string, string, string[], string]>([
    ['lie outside of the root', 'models/out.yaml', [], 'not a plain path below the root'],
    [
      'are run on what each machine has',
      'models/sample.yaml',
      ['--provider', 'auto'],
      'depends on',
    ],
    [
      'are to be run in shards',
      'models/sample.yaml',
      ['--shard', '1/2'],
      'cannot be used together',
    ],
  ])('that %s are refused', async (_, model, flags, problem) => {
    const root = await newStorage();
    const card = stringify({ ...tinyCard('dynamic'), model: '../../out.onnx' });
    writeTree({ 'models/out.yaml': card }, root);
    const args = ['evaluate', '-m', join(root, model), '-d', 'in/set', ...flags];
    const where = ['--queue', redis().url, '--root', root];
    const { code, stderr } = await runCli([...args, ...where], { cwd: root });
    expect([code, stderr]).toEqual([flags.length > 0 ? 2 : 1, expect.stringContaining(problem)]);
  });
});

describeWithRedis('A study on a queue', () => {
  const redis = useRedis();
  const startWorkers = useWorkers(() => redis().url);

  test('has the bytes of an undivided one: its datasets, models and results', async () => {
    const root = await newStudy();
    const loaded = await loadStudy(join(root, 'study.yaml'));
    const { work, queue, signal } = startWorkers(root);
    const input = { study: loaded, out: 'out', work: 'work', ...queue };
    const run = studyOnQueue(input, { piece: 9, signal });
    await Promise.all([work(), work()]);
    const done = await run;
    const places = { out: join(root, 'out-1'), work: join(root, 'work-1') };
    const made = await runStudy({ study: loaded, ...places }, { jobs: 1 });
    const named = ({ failures }: typeof made): unknown[] =>
      failures.map(({ set, model, error: { code, message } }) => [set, model, code, message]);
    expect(named(done)).toEqual(named(made));
    expect(named(done)).toHaveLength(3);
    expect([done.scored, done.reused]).toEqual([3, 0]);
    expect(done.results).toEqual(made.results);
    expect(contentsOf(join(root, 'out'))).toEqual(contentsOf(join(root, 'out-1')));
    for (const folder of ['predictions', 'scores', 'pool']) {
      expect(contentsOf(join(root, 'work', folder))).toEqual(
        contentsOf(join(root, 'work-1', folder)),
      );
    }
    const again = await studyOnQueue(input, { piece: 9, signal });
    expect([again.scored, again.reused, again.isUnchanged]).toEqual([0, 3, true]);
  });

  test('has the results of an undivided one in S3, where its workers share no folder', async () => {
    const root = await newStudy([SAMPLE_ON_ALL, DYNAMIC_ON_ONE]);
    for (const folder of ['in', 'models']) {
      for (const path of pathsIn(join(root, folder)).filter((name) => /\.\w+$/.test(name))) {
        await s3.put(`${folder}/${path}`, readFileSync(join(root, folder, path)));
      }
    }
    const place = `${s3.to()}/shapes-1.1.0`;
    const { work } = startWorkers(place);
    const store = { endpoint: s3.url(), cache: newFolder('cache') };
    const others = { endpoint: s3.url(), cache: newFolder('other-cache') };
    const patience = 60_000; // as of a command: none is taken for dead, however slow the machine
    await Promise.all([store, others].map((options) => work({ ...options, patience })));
    const where = ['--queue', redis().url, '--root', place, '--endpoint', s3.url()];
    const paths = ['--work', 'work', '-o', 'out', '--cache', store.cache];
    const args = ['study', 'study.yaml', '--piece-images', '12', '--json', ...paths, ...where];
    const first = await runCli(args, { cwd: root });
    const storage = await openStorage(place, store);
    const copy = await storage.fetch('in/set'); // predictions have the times of images in them
    for (const path of pathsIn(copy).filter((name) => name.endsWith('.png'))) {
      const { mtime } = statSync(join(copy, path));
      utimesSync(join(root, 'in/set', path), mtime, mtime);
    }
    const undivided = { out: join(root, 'out-1'), work: join(root, 'work-1') };
    const study = await loadStudy(join(root, 'study.yaml'));
    const made = await runStudy({ study, ...undivided }, { jobs: 1 });
    const { failures, ...done } = JSON.parse(first.stdout) as { failures: object[] };
    expect(done).toMatchObject({ scored: 3, reused: 0 });
    expect(failures).toEqual(
      made.failures.map(({ set, model, error: { code, message } }) => ({
        ...(set === undefined ? {} : { set }),
        ...(model === undefined ? {} : { model }),
        ...{ code, message: message.replaceAll(root, place) },
      })),
    );
    const { figures, ...expected } = contentsOf(undivided.out);
    expect(figures).toBe('folder'); // it is empty, and S3 has no folders
    expect(contentsOf(await storage.fetch('out'))).toEqual(expected);
    const again = await runCli(args, { cwd: root });
    expect([again.stderr, JSON.parse(again.stdout || '{}')]).toEqual([
      expect.stringMatching(/^run \S+ is in the queue/),
      expect.objectContaining({ scored: 0, reused: 3, unchanged: true }),
    ]);
    expect(s3.objects().filter((path) => /\.shards\/|PUSHING/.test(path))).toEqual([]);
  });

  test.each<[string, string, string]>([
    ['outside of the root', '{data}/../elsewhere', 'lies outside of the storage'],
    ['in the root itself', '{data}', 'in folders below the root'],
  ])('is refused in S3 where it reads what is %s', async (_, dataset, problem) => {
    const root = newFolder('storage');
    const models = [{ predictions: 'predictions/{model}.csv' }];
    const study = { name: 'small', inputs: { data: '.' }, sets: { set: { dataset } }, models };
    writeTree({ 'study.yaml': stringify(study) }, root);
    const where = ['--queue', redis().url, '--root', s3.to(), '--endpoint', s3.url()];
    const { code, stderr } = await runCli(['study', 'study.yaml', ...where], { cwd: root });
    expect([code, stderr]).toEqual([1, expect.stringContaining(problem)]);
  });

  test('is refused in S3 where something else is at the output', async () => {
    const root = await newStudy();
    await s3.put('out/file.txt', 'mine');
    const place = `${s3.to()}/shapes-1.1.0`;
    const where = ['-o', 'out', '--queue', redis().url, '--root', place, '--endpoint', s3.url()];
    const { code, stderr } = await runCli(['study', 'study.yaml', ...where], { cwd: root });
    expect([code, stderr]).toEqual([1, expect.stringContaining('not the results of a study')]);
  });
});

const SAMPLE_ON_ALL = { card: 'models/sample.yaml' };
const DYNAMIC_ON_ONE = { card: 'models/dynamic.yaml', sets: ['set'] };

/** A storage with a study of a given set, a dataset to generate and one that is not there. */
async function newStudy(
  models: object[] = [SAMPLE_ON_ALL, { card: 'models/broken.yaml' }, DYNAMIC_ON_ONE],
): Promise<string> {
  const root = await newStorage();
  writeFolders(join(root, 'in'), await makeImages({ images: 12 }));
  writeRecipe(root);
  const ofInputs = { annotations: '{data}/in/annotations', images: '{data}/in/images' };
  const study = {
    name: 'small',
    inputs: { data: '.' },
    sets: {
      set: { dataset: 'in/set' },
      made: { recipe: 'recipe.yaml', ...ofInputs },
      absent: { dataset: '{data}/in/absent' },
    },
    models,
    gaps: [['set', 'made']],
    figures: [],
    scores: { resamples: 20 },
  };
  writeTree({ 'study.yaml': stringify(study) }, root);
  return root;
}
