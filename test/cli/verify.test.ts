import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { DatasetLock } from '../../src/dataset/dataset.js';
import { type InputFolders, makeImages, writeFolders } from '../support/input.js';
import { writeRecipe } from '../support/made-recipe.js';
import { expectOneLine } from '../support/one-line.js';
import { type CliRun, runCli } from '../support/run-cli.js';
import { contentsOf, openWorkspace, readJson } from '../support/workspace.js';

const newFolder = openWorkspace();
let input: InputFolders;
let recipe: string;
/** Holds a whole dataset in `output/made` and its pool in `output/work`. */
let clean: string;

beforeAll(async () => {
  const folder = newFolder('input');
  input = writeFolders(folder, await makeImages({ images: 16 }));
  recipe = writeRecipe(folder);
  clean = newFolder('clean');
  await generate(clean);
});

async function generate(cwd: string, ...more: string[]): Promise<string> {
  const { annotations, images } = input;
  const args = ['-r', recipe, '-a', annotations, '-i', images, '--json', '-j', '1', ...more];
  const { stdout } = await runCli(['generate', ...args], { cwd });
  return (JSON.parse(stdout) as { pool: string }).pool;
}

/** Verifies a copy of the clean folder after a change to its dataset. */
async function verifyAfter(
  damage: (dataset: string, cwd: string) => void,
  ...flags: string[]
): Promise<CliRun> {
  const cwd = newFolder('damaged');
  cpSync(clean, cwd, { recursive: true });
  damage(join(cwd, 'output', 'made'), cwd);
  return runCli(['verify', join('output', 'made'), ...flags], { cwd });
}

describe('verify, of a whole dataset', () => {
  test('prints its digest, and changes nothing', async () => {
    const before = contentsOf(clean);
    const run = await runCli(['verify', join('output', 'made')], { cwd: clean });
    expect(run).toMatchObject({ code: 0, stderr: '' });
    const lock = readJson<DatasetLock>(join(clean, 'output', 'made', 'patchml.lock.json'));
    expect(run.stdout).toContain(lock.dataset);
    expect(contentsOf(clean)).toEqual(before);
  });

  test('makes a sample of it again where told to', async () => {
    const args = ['verify', join('output', 'made'), '--regenerate', '--sample', '5'];
    const run = await runCli(args, { cwd: clean });
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.stdout).toMatch(/recomposed, same pixels +│ 5 /);
  });

  test('prints nothing with --quiet, and JSON with --json', async () => {
    const args = ['verify', join('output', 'made'), '--regenerate'];
    const quiet = await runCli([...args, '--quiet'], { cwd: clean });
    expect(quiet).toMatchObject({ code: 0, stdout: '', stderr: '' });
    const json = await runCli([...args, '--json'], { cwd: clean });
    expect(json).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(json.stdout)).toMatchObject({
      images: 24,
      files: 28,
      findings: [],
      regeneration: { images: 24, differing: [] },
      isWhole: true,
    });
  });
});

describe('verify, of a dataset that is not whole', () => {
  test.each<[string, (dataset: string) => void, string]>([
    [
      'a changed byte',
      (dataset) => {
        writeFileSync(join(dataset, 'images', 'k2-000002.png'), 'x');
      },
      'changed: images/k2-000002.png',
    ],
    [
      'a missing file',
      (dataset) => {
        rmSync(join(dataset, 'images', 'k2-000002.png'));
      },
      'missing: images/k2-000002.png',
    ],
    [
      'an extra file',
      (dataset) => {
        writeFileSync(join(dataset, 'images', 'cat.png'), 'x');
      },
      'extra: images/cat.png',
    ],
    [
      'a changed row of the metadata',
      (dataset) => {
        edit(join(dataset, 'metadata.jsonl'), /"k":2/, '"k":3');
      },
      'changed: metadata.jsonl',
    ],
    [
      'a changed dataset.json',
      (dataset) => {
        edit(join(dataset, 'dataset.json'), /"images": 24/, '"images": 25');
      },
      'changed: dataset.json',
    ],
    [
      'an edited lock',
      (dataset) => {
        edit(join(dataset, 'patchml.lock.json'), /"dataset": "[0-9a-f]{8}/, '"dataset": "00000000');
      },
      'invalid: patchml.lock.json',
    ],
  ])('names %s and exits with 1', async (_, damage, finding) => {
    const { code, stdout, stderr } = await verifyAfter(damage);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    const lines = stderr.trimEnd().split('\n');
    expect(lines[0]).toContain(finding);
    expect(lines.at(-1)).toBe(
      `patchml: ${join('output', 'made')}: 1 problem; generate the dataset again`,
    );
    expect(lines).toHaveLength(2);
  });

  test('lists every finding with --json, on standard output alone', async () => {
    const { code, stdout, stderr } = await verifyAfter((dataset) => {
      rmSync(join(dataset, 'images'), { recursive: true });
    }, '--json');
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    const { findings, isWhole } = JSON.parse(stdout) as { findings: unknown[]; isWhole: boolean };
    expect(findings).toHaveLength(24);
    expect(isWhole).toBe(false);
  });

  test('prints the first findings, and how many more there are', async () => {
    const { code, stderr } = await verifyAfter((dataset) => {
      rmSync(join(dataset, 'images'), { recursive: true });
    });
    expect(code).toBe(1);
    expect(stderr.match(/^missing: /gm)).toHaveLength(20);
    expect(stderr).toContain('and 4 more (--json lists all)');
    expect(stderr).toContain('24 problems');
  });

  test('says in one line that a folder is no dataset', async () => {
    const cwd = newFolder('none');
    expectOneLine(await runCli(['verify', '.'], { cwd }), 1, 'patchml.lock.json');
    expectOneLine(await runCli(['verify', 'nowhere'], { cwd }), 1, 'nowhere');
    writeFileSync(join(cwd, 'file'), '');
    expectOneLine(await runCli(['verify', 'file'], { cwd }), 1, 'file');
  });

  test('says in one line that the lock cannot be read', async () => {
    const edited = await verifyAfter((dataset) => {
      const path = join(dataset, 'patchml.lock.json');
      writeFileSync(path, JSON.stringify({ ...readJson<object>(path), files: undefined }));
    });
    expectOneLine(edited, 1, 'patchml.lock.json');
    const cut = await verifyAfter((dataset) => {
      const path = join(dataset, 'patchml.lock.json');
      writeFileSync(path, readFileSync(path, 'utf8').slice(0, 200));
    });
    expectOneLine(cut, 1, 'patchml.lock.json');
  });
});

describe('verify --regenerate', () => {
  test('names the images whose patch is another in the pool, and exits with 1', async () => {
    const { code, stderr } = await verifyAfter((_, cwd) => {
      const pool = join(cwd, poolOf(cwd), 'patches.bin');
      writeFileSync(pool, Buffer.alloc(readFileSync(pool).length, 77));
    }, '--regenerate');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^different pixels when recomposed: images\/k2-000000\.png$/m);
    expect(stderr).not.toMatch(/\n {4}at /);
  });

  test('refuses the pool of another dataset', async () => {
    const other = newFolder('other');
    const pool = join(other, await generate(other, '--limit', '12'));
    const run = await verifyAfter(() => undefined, '--regenerate', '--pool', pool);
    expectOneLine(run, 1, pool, 'not the pool the dataset was made from');
  });

  test('says that there is no pool, and how to get it', async () => {
    const run = await verifyAfter((_, cwd) => {
      rmSync(join(cwd, 'output', 'work'), { recursive: true });
    }, '--regenerate');
    expectOneLine(run, 1, 'the pool of this dataset was not found', '--pool');
    const named = await verifyAfter(() => undefined, '--regenerate', '--pool', 'nowhere');
    expectOneLine(named, 1, 'nowhere');
  });
});

function poolOf(cwd: string): string {
  const [pool] = Object.keys(contentsOf(cwd)).filter((path) =>
    /^output\/work\/pool\/[0-9a-f]{16}$/.test(path),
  );
  return pool!;
}

/** Changes a text where it first matches, keeping its length: the digest alone tells. */
function edit(path: string, pattern: RegExp, other: string): void {
  const before = readFileSync(path, 'utf8');
  const after = before.replace(pattern, other);
  expect([after === before, after.length]).toEqual([false, before.length]);
  writeFileSync(path, after);
}
