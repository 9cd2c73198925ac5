// What is on the disk after a power cut, of all that writes.

import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { DatasetLock } from '../src/dataset/dataset.js';
import { generate } from '../src/generate/generate.js';
import { type InputFolders, makeImages, writeFolders } from './support/input.js';
import { DISK_RECIPE } from './support/made-recipe.js';
import type { DiskCall } from './support/record-disk.js';
import { openWorkspace, readJson } from './support/workspace.js';

// An output of every kind is made once, by a process whose syncs and renames are noted. A power cut
// is then played at each of them, with the two disks that keep the least: one has every new name, but
// of files only what was synced; the other has only those names whose folder was synced, too.

/** Files by their paths, as a disk has them after a power cut; empty where nothing was synced. */
type Disk = Map<string, Buffer>;

const newFolder = openWorkspace();
const root = newFolder('outputs');
let input: InputFolders;
let calls: DiskCall[];

beforeAll(async () => {
  const folder = newFolder('input');
  input = writeFolders(folder, await makeImages({ images: 8 }));
  const [log, predictions] = [join(folder, 'log'), join(folder, 'p.csv')];
  const ids = ['k2-000000', 'k2-000001', 'k3-000000', 'k3-000001'];
  writeFileSync(predictions, `id,top1,top2\n${ids.map((id) => `${id},1,2\n`).join('')}`);
  const [recorder, job] = ['record-disk', 'disk-job'].map((name) =>
    fileURLToPath(new URL(`./support/${name}.js`, import.meta.url)),
  ) as [string, string];
  const args = ['--import', recorder, job, root, input.annotations, input.images, predictions];
  const env = { ...process.env, RECORD_ROOT: root, RECORD_LOG: log };
  const run = spawnSync(process.execPath, args, { env, encoding: 'utf8', timeout: 60_000 });
  if (run.status !== 0) throw new Error(run.stderr);
  const lines = readFileSync(log, 'utf8').trimEnd().split('\n');
  calls = lines.map((line) => JSON.parse(line) as DiskCall);
});

interface Entry {
  ino: number;
  isFolder: boolean;
}

/** The two disks after a power cut behind each call, in turn. */
function* powerCuts(): Generator<{ call: DiskCall; disks: Disk[] }> {
  const contents = new Map<number, Buffer>(); // as last synced
  const folders = new Map<number, Map<string, Entry>>();
  let top = new Map<string, Entry>();
  for (const call of calls) {
    const { names, path, ino, bytes } = call;
    const contentOf = (entry: Entry): Buffer => contents.get(entry.ino) ?? Buffer.alloc(0);
    if (ino !== undefined) {
      if (bytes !== undefined) contents.set(ino, Buffer.from(bytes, 'base64'));
      else if (path === '') top = entriesOf(names, path);
      else folders.set(ino, entriesOf(names, path));
    }
    const early: Disk = new Map();
    for (const [name, entry] of Object.entries(names)) {
      if (!entry.isFolder) early.set(name, contentOf(entry));
    }
    const late: Disk = new Map();
    const visit = (below: string, entries: ReadonlyMap<string, Entry>): void => {
      for (const [name, entry] of entries) {
        const at = join(below, name);
        if (entry.isFolder) visit(at, folders.get(entry.ino) ?? new Map<string, Entry>());
        else late.set(at, contentOf(entry));
      }
    };
    visit('', top);
    yield { call, disks: [early, late] };
  }
}

function entriesOf(names: DiskCall['names'], folder: string): Map<string, Entry> {
  const isIn = (name: string): boolean => dirname(name) === (folder === '' ? '.' : folder);
  const within = Object.entries(names).filter(([name]) => isIn(name));
  return new Map(within.map(([name, entry]) => [basename(name), entry]));
}

/** The files of the outputs as they are in the end. */
function finalFiles(): Disk {
  const entries = readdirSync(root, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  return new Map(paths.map((path) => [path.slice(root.length + 1), readFileSync(path)]));
}

/** Every kind of output, and the file by which it is taken for complete; by its name alone: none. */
const OUTPUTS: Record<string, [folder: RegExp, marker?: string]> = {
  'an index': [/^work\/index\/\w+$/, 'index.json'],
  'a pool': [/^work\/pool\/\w+$/, 'pool.json'],
  'a plan': [/^work\/plan\/\w+$/, 'plan.json'],
  'a dataset': [/^dataset$/, 'patchml.lock.json'],
  'an export': [/^export$/],
  'a release': [/^releases\/made-1\.0\.0$/],
  'a release in a folder that was pushed to': [/^store\/.*made-1\.0\.0$/, 'SHA256SUMS'],
  'a release that was pulled': [/^pulled\/made-1\.0\.0$/],
  scores: [/^scores(\/.*)?$/, 'scorecard.json'],
};

function folderOf(final: Disk, pattern: RegExp): string {
  const folders = new Set<string>();
  for (const path of final.keys()) {
    for (let at = dirname(path); at !== '.'; at = dirname(at)) folders.add(at);
  }
  return [...folders].sort().find((folder) => pattern.test(folder)) ?? 'nowhere';
}

describe('A power cut, at any sync or rename', () => {
  test.each(Object.entries(OUTPUTS))('leaves of %s nothing or all', (_, [pattern, marker]) => {
    const final = finalFiles();
    const folder = folderOf(final, pattern);
    const isOf = (path: string): boolean => path.startsWith(`${folder}/`);
    const whole = [...final].filter(([path]) => isOf(path));
    expect(whole.length).toBeGreaterThan(0);
    let taken = 0;
    for (const { call, disks } of powerCuts()) {
      for (const [kind, disk] of disks.entries()) {
        const isTaken = marker ? disk.has(join(folder, marker)) : [...disk.keys()].some(isOf);
        if (!isTaken) continue;
        taken += 1;
        const lost = whole.filter(([path, bytes]) => !disk.get(path)?.equals(bytes));
        const after = `${call.call} ${call.path} (${kind === 0 ? 'names first' : 'synced names'})`;
        expect({ after, lost: lost.map(([path]) => path) }).toEqual({ after, lost: [] });
      }
    }
    expect(taken).toBeGreaterThan(0);
  });

  test('after the runs have ended loses no file', () => {
    const { disks } = [...powerCuts()].at(-1)!;
    const final = [...finalFiles()];
    expect(final.length).toBeGreaterThan(50);
    for (const disk of disks) {
      const lost = final.filter(([path, bytes]) => !disk.get(path)?.equals(bytes));
      expect(lost.map(([path]) => path)).toEqual([]);
    }
  });

  test('is made good by the same command', async () => {
    const digestIn = (folder: string): string =>
      readJson<DatasetLock>(join(folder, 'dataset', 'patchml.lock.json')).dataset;
    const cuts = [...powerCuts()].filter(({ call }) => /^(work|dataset)/.test(call.path));
    const renames = cuts.filter(({ call }) => call.call === 'rename');
    expect(renames.length).toBeGreaterThan(8);
    for (const { disks } of renames.filter((_, n) => n % 6 === 0)) {
      for (const disk of disks) {
        const folder = newFolder('cut');
        for (const [path, bytes] of disk) {
          mkdirSync(dirname(join(folder, path)), { recursive: true });
          writeFileSync(join(folder, path), bytes);
        }
        const places = { out: join(folder, 'dataset'), work: join(folder, 'work') };
        await generate({ recipe: DISK_RECIPE, ...input, ...places }, { jobs: 1 });
        expect(digestIn(folder)).toBe(digestIn(root));
      }
    }
  });
});
