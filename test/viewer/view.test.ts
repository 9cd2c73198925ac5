import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  openEvaluationSet,
  type Overview,
  releaseDataset,
  type SetSummary,
  startViewer,
  type Viewer,
} from '../../src/index.js';
import { limitImages } from '../../src/sets/evaluation-set.js';
import type { ImageDetail, ModelResults, Ranking, SetIndex } from '../../src/viewer/answers.js';
import { editFile, makeDataset } from '../support/made-dataset.js';
import {
  askViewer,
  cookieOf,
  type ViewerAnswer,
  writeScoresOf,
  writeScoresOn,
} from '../support/made-view.js';
import { contentsOf, openWorkspace } from '../support/workspace.js';

const workspace = openWorkspace();
let root: string;
let dataset: string;
let viewer: Viewer;

beforeAll(async () => {
  root = workspace('viewed');
  dataset = (await makeDataset(root)).folder;
  await writeScoresOn(dataset, root, 'good', 1000);
  await writeScoresOn(dataset, root, 'poor', 2);
  viewer = await startViewer({ paths: [root] });
});

afterAll(() => viewer.close());

async function json<T>(path: string): Promise<T> {
  const { status, text } = await askViewer(viewer, path);
  expect(status).toBe(200);
  return JSON.parse(Buffer.from(text, 'latin1').toString('utf8')) as T;
}

function setOf(kind: string): Overview['sets'][number] {
  return viewer.overview.sets.find((set) => set.kind === kind)!;
}

describe('what is viewed', () => {
  test('is found below the given folder, and scores go to the dataset that they are of', () => {
    expect(viewer.overview.sets.map(({ kind, images }) => [kind, images])).toEqual([
      ['dataset', 24],
      ['pool', expect.any(Number)],
    ]);
    expect(setOf('dataset').models.map(({ name }) => name)).toEqual(['good', 'poor']);
    expect(viewer.overview.problems).toEqual([]);
  });

  test('is the dataset, row by row', async () => {
    const { key } = setOf('dataset');
    const rows = readFileSync(join(dataset, 'metadata.jsonl'), 'utf8').trimEnd().split('\n');
    const index = await json<SetIndex>(`/api/sets/${key}/index`);
    for (const [image, line] of rows.entries()) {
      const row = JSON.parse(line) as { id: string; k: number; labels: number[]; objects: object };
      const detail = await json<ImageDetail>(`/api/sets/${key}/images/${image}`);
      expect(index.ids[image]).toBe(row.id);
      expect({ id: detail.id, k: detail.k, labels: detail.labels }).toEqual({
        id: row.id,
        k: row.k,
        labels: row.labels,
      });
      const { objects } = detail;
      expect({
        bbox: objects.map(({ box }) => box),
        category: objects.map(({ class: label }) => label),
        patch: objects.map(({ patch }) => patch),
        source: objects.map(({ source }) => source),
      }).toEqual(row.objects);
    }
  });

  test('is what each model ranks on top, with its probabilities and how many labels it found', async () => {
    const { key } = setOf('dataset');
    const { labels } = await json<ImageDetail>(`/api/sets/${key}/images/0`);
    const good = await json<Ranking>(`/api/sets/${key}/models/good/images/0`);
    expect(good).toMatchObject({ classes: [999, ...labels, 994, 995], found: 1, of: 2 });
    expect(good.probabilities).toEqual([0.5, 0.25, 0.125, 0.0625, 0.03125]);
    const next = await json<Ranking>(`/api/sets/${key}/models/good/images/1`);
    expect(next).toMatchObject({ found: 2, of: 2 });
    const { found, of } = await json<ModelResults>(`/api/sets/${key}/models/poor`);
    const ks = (await json<SetIndex>(`/api/sets/${key}/index`)).k;
    expect(of).toEqual(ks);
    expect(found).toEqual(ks.map((k, image) => (image % 2 === 0 ? k - 1 : k)));
  });

  test('is scores once where a study has a copy of them', async () => {
    const copy = join(workspace('copies'), 'scores');
    cpSync(join(root, 'scores'), copy, { recursive: true });
    const twice = await startViewer({ paths: [root, copy] });
    await twice.close();
    const [{ models }] = twice.overview.sets as [SetSummary];
    expect(models.map(({ name }) => name)).toEqual(['good', 'poor']);
  });

  test('is a part of the dataset where scores are of a part', async () => {
    const set = limitImages(await openEvaluationSet({ dataset }), 5);
    const part = join(root, 'part');
    await writeScoresOf(set, part, 'partly', 1000);
    const some = await startViewer({ paths: [dataset, part] });
    try {
      const [{ key, models }] = some.overview.sets as [SetSummary];
      expect(models.map(({ name }) => name)).toEqual(['partly']);
      const { text } = await askViewer(some, `/api/sets/${key}/models/partly`);
      const { found } = JSON.parse(text) as ModelResults;
      expect(found.filter((hits) => hits >= 0)).toHaveLength(5);
    } finally {
      await some.close();
    }
  });

  test('is a release, without pictures where it has none, and compared with another version', async () => {
    const to = workspace('releases');
    await releaseDataset({ dataset, version: '1.0.0', to: join(to, 'full') });
    await releaseDataset({ dataset, version: '1.0.0', to: join(to, 'recipe'), recipeOnly: true });
    const opened = await startViewer({ paths: [to] });
    try {
      const [full, recipe] = opened.overview.sets as [SetSummary, SetSummary];
      expect([full, recipe]).toEqual([
        expect.objectContaining({ kind: 'release', images: 24, hasPixels: true }),
        expect.objectContaining({ kind: 'release', images: 24, hasPixels: false }),
      ]);
      const pictureOf = ({ key }: SetSummary): Promise<ViewerAnswer> =>
        askViewer(opened, `/api/sets/${key}/images/0/picture`);
      expect((await pictureOf(full)).status).toBe(200);
      expect((await pictureOf(recipe)).status).toBe(404);
      const { text } = await askViewer(opened, `/api/sets/${full.key}/versus/${recipe.key}`);
      expect(JSON.parse(text)).toEqual({
        places: Array.from({ length: 24 }, (_, image) => image),
        differences: Array.from({ length: 24 }, () => 'none'),
        onlySecond: 0,
      });
    } finally {
      await opened.close();
    }
  });

  test('is images with labels, where these are what scores are of', async () => {
    const images = join(dataset, 'images');
    const labels = join(workspace('labels'), 'labels.csv');
    const names = ['k2-000000', 'k2-000001', 'k3-000000'];
    writeFileSync(
      labels,
      ['file,label', ...names.map((id, at) => `${id}.png,${at}`), ''].join('\n'),
    );
    const scores = workspace('scores-of-labels');
    await writeScoresOf(await openEvaluationSet({ images, labels }), scores, 'labelled', 1000);
    const opened = await startViewer({ paths: [scores], sets: [{ images, labels }] });
    try {
      const [{ key, ...set }] = opened.overview.sets as [SetSummary];
      expect(set).toMatchObject({ kind: 'images', images: 3, hasPixels: true });
      expect(set.models.map(({ name }) => name)).toEqual(['labelled']);
      const { text } = await askViewer(opened, `/api/sets/${key}/images/1`);
      expect(JSON.parse(text)).toMatchObject({ id: 'k2-000001', labels: [1] });
      const thumbnail = await askViewer(opened, `/api/sets/${key}/images/1/thumbnail`);
      expect(thumbnail.status).toBe(200);
    } finally {
      await opened.close();
    }
  });

  test('is every picture as its file is, and a thumbnail of it', async () => {
    const { key } = setOf('dataset');
    const { file } = await json<ImageDetail>(`/api/sets/${key}/images/3`);
    const picture = await askViewer(viewer, `/api/sets/${key}/images/3/picture`);
    expect(picture.headers['content-type']).toBe('image/png');
    expect(picture.text).toBe(readFileSync(join(dataset, file!), 'latin1'));
    const thumbnail = await askViewer(viewer, `/api/sets/${key}/images/3/thumbnail`);
    expect(thumbnail.headers['content-type']).toBe('image/jpeg');
    expect(thumbnail.text.slice(0, 2)).toBe('\xff\xd8');
    const patch = await askViewer(viewer, `/api/sets/${setOf('pool').key}/images/0/thumbnail`);
    expect(patch.text.slice(0, 2)).toBe('\xff\xd8');
  });

  test('is scores alone where the dataset is not among the paths', async () => {
    const alone = await startViewer({ paths: [join(root, 'scores')] });
    try {
      expect(alone.overview.sets).toEqual([
        expect.objectContaining({ kind: 'scores', images: 24, hasPixels: false }),
      ]);
      expect(alone.overview.sets[0]!.models).toHaveLength(2);
    } finally {
      await alone.close();
    }
  });

  test('stays as it was: nothing is written', async () => {
    const before = contentsOf(root);
    const other = await startViewer({ paths: [root] });
    const { key } = setOf('dataset');
    for (const path of ['/', '/api/overview', `/api/sets/${key}/images/0/thumbnail`]) {
      await askViewer(other, path);
    }
    await other.close();
    expect(contentsOf(root)).toEqual(before);
  });
});

describe('whom it answers', () => {
  test('only requests that come with the token', async () => {
    for (const headers of [{}, { cookie: `patchml-${viewer.port}=wrong` }, { cookie: 'x=y' }]) {
      for (const path of ['/', '/?token=wrong', '/?token=', '/api/overview']) {
        const { status, text } = await askViewer(viewer, path, { headers });
        expect([path, status]).toEqual([path, 403]);
        expect(text).not.toContain('made');
      }
    }
    const token = new URL(viewer.address).searchParams.get('token')!;
    const { status } = await askViewer(viewer, `/api/overview?token=${token}`, { headers: {} });
    expect(status).toBe(403); // in the page's address alone
  });

  test('with a cookie that scripts and other sites cannot use, under a name of its own port', async () => {
    const { pathname, search } = new URL(viewer.address);
    const { status, headers } = await askViewer(viewer, pathname + search, { headers: {} });
    expect(status).toBe(200);
    expect(headers['set-cookie']).toEqual([
      expect.stringMatching(
        new RegExp(`^patchml-${viewer.port}=[\\w-]{32}; Path=/; HttpOnly; SameSite=Strict$`),
      ),
    ]);
  });

  test('under no other name than 127.0.0.1 and localhost, with its port', async () => {
    const { port } = viewer;
    const cookie = cookieOf(viewer.address);
    const hosts = ['evil.example', `evil.example:${port}`, '127.0.0.1', 'localhost:1', '127.0.0.2'];
    for (const host of [...hosts, `127.0.0.1:${port}.evil.example`, `127.0.0.1.:${port}`]) {
      const { status } = await askViewer(viewer, '/', { headers: { ...cookie, host } });
      expect([host, [400, 403].includes(status)]).toEqual([host, true]);
    }
    const fine = await askViewer(viewer, '/', {
      headers: { ...cookie, host: `localhost:${port}` },
    });
    expect(fine.status).toBe(200);
  });

  test('no other page, though the browser would send the cookie', async () => {
    const cookie = cookieOf(viewer.address);
    for (const site of ['cross-site', 'same-site']) {
      const headers = { ...cookie, 'sec-fetch-site': site };
      expect((await askViewer(viewer, '/api/overview', { headers })).status).toBe(403);
      const followed = { ...headers, 'sec-fetch-dest': 'document' };
      expect((await askViewer(viewer, '/', { headers: followed })).status).toBe(200); // a link
    }
  });

  test('no method that could change something', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE']) {
      const { status, headers } = await askViewer(viewer, '/api/overview', { method });
      expect([method, status]).toEqual([method, 405]);
      expect(headers['allow']).toBe('GET, HEAD');
    }
  });

  test('with headers that keep the page to itself', async () => {
    for (const path of ['/', '/api/overview', '/nothing']) {
      const { headers } = await askViewer(viewer, path);
      expect(headers).toMatchObject({
        'cache-control': expect.stringContaining('private'),
        'content-security-policy': expect.stringMatching(
          /^default-src 'none'; script-src 'sha256-/,
        ),
        'cross-origin-resource-policy': 'same-origin',
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
      });
      expect(headers['content-security-policy']).not.toContain('unsafe');
      expect(headers['access-control-allow-origin']).toBeUndefined();
    }
  });

  test('no path of a file, however it is written', async () => {
    const { key } = setOf('dataset');
    const secret = join(root, 'dataset', 'metadata.jsonl');
    const ups = [
      '..',
      '%2e%2e',
      '..%2f',
      '%2e%2e%2f',
      '..%5c',
      '..%c0%af',
      '%252e%252e%252f',
      '....//',
    ];
    const paths = ups.flatMap((up) => [
      `/${up}/${up}/etc/passwd`,
      `/api/sets/${key}/images/${up}/metadata.jsonl`,
      `/api/sets/${key}/images/0/${up}/${up}/metadata.jsonl`,
      `/api/sets/${up}/images/0/picture`,
    ]);
    const others = [
      '/etc/passwd',
      secret,
      `/api/sets/${key}/images/0/picture/../../../../metadata.jsonl`,
      `/api/sets/${key}/images/-1/picture`,
      `/api/sets/${key}/images/24/picture`,
      `/api/sets/${key}/images/1e3/picture`,
      `/api/sets/${key}/images/0x1/picture`,
      `/api/sets/${key}/images/%30%00/picture`,
      `/api/sets/__proto__/index`,
      `/api/sets/constructor/index`,
      '/metadata.jsonl',
      '/dataset/',
      '/api',
      '/api/sets',
      `/api/sets/${key}`,
      '/%',
      '/%ff',
    ];
    for (const path of [...paths, ...others]) {
      const { status, text } = await askViewer(viewer, path);
      expect([path, status]).toEqual([path, 404]);
      expect(text).toBe('There is nothing here.');
    }
    const { status, text } = await askViewer(viewer, `http://evil.example${secret}`);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(text).not.toContain('file_name');
  });
});

describe('two viewers', () => {
  test('cannot have one port', async () => {
    await expect(startViewer({ paths: [dataset] }, { port: viewer.port })).rejects.toMatchObject({
      code: 'port-taken',
      message: `port ${viewer.port} is in use, perhaps by another viewer; close it, pass another --port, or leave --port out to take a free one`,
    });
  });

  test('have two where none is asked for, and do not take each other’s cookies', async () => {
    const second = await startViewer({ paths: [dataset] });
    try {
      expect(second.port).not.toBe(viewer.port);
      const headers = cookieOf(viewer.address);
      expect((await askViewer(second, '/', { headers })).status).toBe(403);
    } finally {
      await second.close();
    }
  });

  test('a port that another program has is said to be in use', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await expect(startViewer({ paths: [dataset] }, { port })).rejects.toThrow(
      `port ${port} is in use`,
    );
    server.close();
  });
});

describe('a folder that is not as patchml wrote it', () => {
  function copyOf(name: string): string {
    const copy = join(workspace(name), 'dataset');
    cpSync(dataset, copy, { recursive: true });
    return copy;
  }

  test.each([
    [
      'a line that is cut',
      /"k":2,"labels".*/,
      '',
      'metadata.jsonl: line 1: expected one JSON value',
    ],
    ['a path that leads out', 'images/', '../images/', 'metadata.jsonl: line 1: file_name'],
    [
      'a class that there is not',
      /"labels":\[\d+/,
      '"labels":[1000',
      'metadata.jsonl: line 1: labels.0',
    ],
  ])('is refused with the place: %s', async (name, from, to, message) => {
    const copy = copyOf(name);
    editFile(join(copy, 'metadata.jsonl'), from, to);
    await expect(startViewer({ paths: [copy] })).rejects.toThrow(message);
  });

  test('is refused where its metadata is one endless line', async () => {
    const copy = copyOf('endless');
    writeFileSync(join(copy, 'metadata.jsonl'), `{"id":"${'x'.repeat(2 ** 21)}`);
    await expect(startViewer({ paths: [copy] })).rejects.toThrow('metadata.jsonl: line 1');
  });

  test('is left out, and named, where it lies below the given folder', async () => {
    const copy = copyOf('below');
    editFile(join(copy, 'metadata.jsonl'), '"k":2', '"k":"two"');
    const good = join(dirname(copy), 'good');
    cpSync(dataset, good, { recursive: true });
    const some = await startViewer({ paths: [dirname(copy)] });
    await some.close();
    expect(some.overview.sets.map(({ path }) => path)).toEqual([good]);
    expect(some.overview.problems).toEqual([
      { path: copy, message: expect.stringContaining('metadata.jsonl: line 1: k:') },
    ]);
  });

  test('has damaged scores: the images are shown, and the scores are named when they are asked for', async () => {
    const folder = workspace('damaged-scores');
    const scores = await writeScoresOn(dataset, folder, 'good', 1000);
    writeFileSync(join(scores, 'images.csv'), 'id,k\n');
    const damaged = await startViewer({ paths: [dataset, folder] });
    try {
      const { key } = damaged.overview.sets[0]!;
      const { status, text } = await askViewer(damaged, `/api/sets/${key}/models/good`);
      expect(status).toBe(422);
      expect(JSON.parse(text)).toMatchObject({
        code: 'scores-invalid',
        message: expect.stringContaining(join(scores, 'images.csv')),
      });
      expect((await askViewer(damaged, `/api/sets/${key}/images/0`)).status).toBe(200);
    } finally {
      await damaged.close();
    }
  });

  test('shows nothing of what its links lead to outside of it', async () => {
    const copy = copyOf('links');
    const secret = join(workspace('elsewhere'), 'secret.png');
    const { file_name: file } = JSON.parse(
      readFileSync(join(copy, 'metadata.jsonl'), 'utf8').split('\n')[0]!,
    ) as { file_name: string };
    cpSync(join(copy, file), secret);
    rmSync(join(copy, file));
    symlinkSync(secret, join(copy, file));
    const linked = await startViewer({ paths: [copy] });
    try {
      const { key } = linked.overview.sets[0]!;
      for (const what of ['picture', 'thumbnail']) {
        const { status, text } = await askViewer(linked, `/api/sets/${key}/images/0/${what}`);
        expect(status).toBe(422);
        expect(JSON.parse(text)).toMatchObject({ code: 'view-outside' });
      }
      expect((await askViewer(linked, `/api/sets/${key}/images/1/picture`)).status).toBe(200);
    } finally {
      await linked.close();
    }
  });

  test('is refused where its metadata is a link that leads out of it', async () => {
    const copy = copyOf('linked-metadata');
    rmSync(join(copy, 'metadata.jsonl'));
    symlinkSync(join(dataset, 'metadata.jsonl'), join(copy, 'metadata.jsonl'));
    await expect(startViewer({ paths: [copy] })).rejects.toMatchObject({ code: 'view-outside' });
  });

  test('says so where it holds nothing to view', async () => {
    const empty = workspace('empty');
    mkdirSync(join(empty, 'a', '.hidden'), { recursive: true });
    await expect(startViewer({ paths: [empty] })).rejects.toMatchObject({ code: 'view-nothing' });
    await expect(startViewer({ paths: [join(empty, 'b')] })).rejects.toMatchObject({
      code: 'enoent',
    });
  });

  test('has an image that cannot be decoded: the others are shown', async () => {
    const copy = copyOf('damaged');
    const { file_name: file } = JSON.parse(
      readFileSync(join(copy, 'metadata.jsonl'), 'utf8').split('\n')[0]!,
    ) as { file_name: string };
    writeFileSync(join(copy, file), 'no picture');
    const damaged = await startViewer({ paths: [copy] });
    try {
      const { key } = damaged.overview.sets[0]!;
      const { status, text } = await askViewer(damaged, `/api/sets/${key}/images/0/thumbnail`);
      expect(status).toBe(422);
      expect(JSON.parse(text)).toMatchObject({ code: 'image-corrupt' });
      expect((await askViewer(damaged, `/api/sets/${key}/images/1/thumbnail`)).status).toBe(200);
    } finally {
      await damaged.close();
    }
  });
});
