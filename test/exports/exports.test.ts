import { cpSync, mkdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { writeExport } from '../../src/exports/exports.js';
import {
  AbortedError,
  type Dataset,
  DatasetError,
  EXPORT_NAMES,
  exportDataset,
  OutputError,
  ReleaseError,
} from '../../src/index.js';
import { makeDataset } from '../support/made-dataset.js';
import { contentsOf, openWorkspace, pathsIn } from '../support/workspace.js';

const newFolder = openWorkspace();
let dataset: Dataset;

beforeAll(async () => {
  dataset = await makeDataset(newFolder('dataset'));
});

describe('A dataset that is exported', () => {
  test.each(EXPORT_NAMES)('as %s has the bytes that a release has', async (format) => {
    const place = newFolder('place');
    const out = join(place, 'new', 'out');
    const exported = await exportDataset({ dataset: dataset.folder, format, out });
    const inRelease = newFolder('release');
    await writeExport(format, dataset, inRelease);
    expect(contentsOf(out)).toEqual(contentsOf(inRelease));
    const files = Object.values(contentsOf(out)).filter((content) => content !== 'folder');
    expect(exported).toMatchObject({ folder: out, format, images: 24, files: files.length });
    const sizes = pathsIn(out).map((path) => statSync(join(out, path)));
    const bytes = sizes.reduce((sum, stat) => sum + (stat.isFile() ? stat.size : 0), 0);
    expect(exported.bytes).toBe(bytes);
    expect(bytes).toBeGreaterThan(500);
    expect(pathsIn(join(place, 'new')).filter((path) => !path.startsWith('out'))).toEqual([]);
  });

  test('into a folder that is not empty is refused, and what is there stays', async () => {
    const out = newFolder('taken');
    writeFileSync(join(out, 'thesis.tex'), 'x');
    const exported = exportDataset({ dataset: dataset.folder, format: 'csv', out });
    await expect(exported).rejects.toThrow(OutputError);
    await expect(exported).rejects.toMatchObject({ code: 'output-not-empty', path: out });
    expect(pathsIn(out)).toEqual(['thesis.tex']);
  });

  test('through a link that leads nowhere is refused', async () => {
    const [place, elsewhere] = [newFolder('place'), join(newFolder('elsewhere'), 'there')];
    const out = join(place, 'out');
    symlinkSync(elsewhere, out);
    const exported = exportDataset({ dataset: dataset.folder, format: 'csv', out });
    await expect(exported).rejects.toMatchObject({ code: 'output-is-link', path: out });
    expect(pathsIn(join(elsewhere, '..'))).toEqual([]);
  });

  test('into itself is refused', async () => {
    const out = join(dataset.folder, 'exports');
    const exported = exportDataset({ dataset: dataset.folder, format: 'csv', out });
    await expect(exported).rejects.toMatchObject({ code: 'export-in-dataset' });
    await expect(exported).rejects.toThrow(`this is inside the dataset ${dataset.folder}, which`);
  });

  test('after it was damaged is refused, and nothing is written', async () => {
    const folder = newFolder('damaged');
    cpSync(dataset.folder, folder, { recursive: true });
    rmSync(join(folder, 'images', 'k2-000003.png'));
    const out = join(newFolder('place'), 'out');
    const exported = exportDataset({ dataset: folder, format: 'coco', out });
    await expect(exported).rejects.toThrow(DatasetError);
    await expect(exported).rejects.toThrow('missing images/k2-000003.png');
    expect(pathsIn(join(out, '..'))).toEqual([]);
  });

  test('with an impossible shard size is refused', async () => {
    const out = join(newFolder('place'), 'out');
    const input = { dataset: dataset.folder, format: 'parquet', out } as const;
    await expect(exportDataset(input, { shardSize: 0 })).rejects.toThrow(ReleaseError);
  });

  test('can be stopped, and then begins again', async () => {
    const out = join(newFolder('place'), 'out');
    const input = { dataset: dataset.folder, format: 'webdataset', out } as const;
    const controller = new AbortController();
    const stopped = exportDataset(input, {
      signal: controller.signal,
      onProgress: ({ stage }) => {
        if (stage === 'release') controller.abort();
      },
      shardSize: 5,
    });
    await expect(stopped).rejects.toBeInstanceOf(AbortedError);
    await exportDataset(input);
    expect(pathsIn(out)).toEqual(['patchml-000000.tar']);
  });

  test('does not clear a folder of somebody else beside its place', async () => {
    const out = join(newFolder('place'), 'out');
    mkdirSync(`${out}.partial`);
    writeFileSync(join(`${out}.partial`, 'thesis.tex'), 'x');
    const exported = exportDataset({ dataset: dataset.folder, format: 'csv', out });
    await expect(exported).rejects.toMatchObject({ code: 'output-not-empty' });
    expect(pathsIn(`${out}.partial`)).toEqual(['thesis.tex']);
  });
});
