import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { readAnnotationCsv } from '../../src/imagenet/annotation-csv.js';
import { temporaryFolder, writeTree } from '../support/unit-folder.js';

const REAL = '../shared/imagenet-val/LOC_val_solution.csv';
const HEADER = 'ImageId,PredictionString\n';

function csvOf(text: string | Buffer): string {
  return join(writeTree({ 'a.csv': text }), 'a.csv');
}

const fish = { wnid: 'n01440764', box: [1, 2, 30, 40] };
const bird = { wnid: 'n01530575', box: [5, 6, 7, 8] };

describe('readAnnotationCsv', () => {
  it('reads five fields a box, with the trailing space that the real file has', async () => {
    const path = csvOf(
      `${HEADER}a,n01440764 1 2 30 40 \nb,n01440764 1 2 30 40 n01530575 5 6 7 8 \n`,
    );
    expect(await readAnnotationCsv(path)).toEqual([
      { imageId: 'a', size: null, objects: [fish] },
      { imageId: 'b', size: null, objects: [fish, bird] },
    ]);
  });

  it('reads CRLF and a byte order mark', async () => {
    const path = csvOf(`\ufeff${HEADER}a,n01440764 1 2 30 40\n`.replaceAll('\n', '\r\n'));
    expect(await readAnnotationCsv(path)).toEqual([{ imageId: 'a', size: null, objects: [fish] }]);
  });

  it('reads a row without boxes as an image without objects', async () => {
    expect(await readAnnotationCsv(csvOf(`${HEADER}a,\n`))).toEqual([
      { imageId: 'a', size: null, objects: [] },
    ]);
  });

  it('takes NaN for a number that is none', async () => {
    const [row] = await readAnnotationCsv(csvOf(`${HEADER}a,n01440764 x 2 30 -40\n`));
    expect(row).toMatchObject({ objects: [{ box: [NaN, 2, 30, -40] }] });
  });

  it.each([
    ['a field too few', 'n01440764 1 2 30', 4],
    ['a field too many', 'n01440764 1 2 30 40 50', 6],
    ['a synset alone', 'n01440764', 1],
  ])('notes a box with %s as malformed, and reads the others', async (_, odd, fields) => {
    const row = `a,n01440764 1 2 30 40 ${odd} n01530575 5 6 7 8`;
    const problem = `expected five fields per box, got ${fields}`;
    expect(await readAnnotationCsv(csvOf(`${HEADER}${row}\n`))).toEqual([
      { imageId: 'a', size: null, objects: [fish, { problem }, bird] },
    ]);
  });

  it('takes numbers before the first synset for a malformed box', async () => {
    const [row] = await readAnnotationCsv(csvOf(`${HEADER}a,7 8 n01440764 1 2 30 40\n`));
    const problem = 'expected five fields per box, got 2';
    expect(row).toMatchObject({ objects: [{ problem }, fish] });
  });

  it.each([
    ['one column', 'a'],
    ['three columns', 'a,n01440764 1 2 30 40,n01530575 5 6 7 8'],
  ])('notes a row of %s as malformed: its boxes may be lost', async (_, row) => {
    const rows = await readAnnotationCsv(csvOf(`${HEADER}${row}\nb,n01440764 1 2 30 40\n`));
    expect(rows).toEqual([
      { imageId: 'a', problem: expect.stringMatching(/column|field/) as unknown },
      { imageId: 'b', size: null, objects: [fish] },
    ]);
  });

  it.each(['../a', 'a/b', '..', '.', 'a\\b', '/etc/passwd', '', '%s', 'x'.repeat(5000)])(
    'notes a row whose image is named %j as malformed',
    async (name) => {
      const [row] = await readAnnotationCsv(csvOf(`${HEADER}${name},n01440764 1 2 30 40\n`));
      expect(row).toEqual({
        imageId: name.slice(0, 128),
        problem: expect.stringContaining('image id') as unknown,
      });
    },
  );

  it.each([
    ['another header', 'image,boxes\na,b\n'],
    ['no header', 'a,n01440764 1 2 30 40\n'],
    ['no row at all', ''],
    ['UTF-16', Buffer.from(HEADER, 'utf16le')],
  ])('refuses a file with %s and says what belongs there', async (_, text) => {
    const path = csvOf(text);
    await expect(readAnnotationCsv(path)).rejects.toMatchObject({
      name: 'AnnotationError',
      code: 'annotations-csv-header',
      path,
      place: 'row 1',
      message: expect.stringContaining('ImageId,PredictionString') as unknown,
    });
  });

  it('names the row where it is no CSV', async () => {
    const path = csvOf(`${HEADER}a,n01440764 1 2 30 40\nb,"n01440764 1 2 30 40\n`);
    await expect(readAnnotationCsv(path)).rejects.toMatchObject({
      name: 'AnnotationError',
      code: 'annotations-not-csv',
      path,
      place: 'row 3',
    });
  });

  it('refuses a row without end', async () => {
    const path = csvOf(`${HEADER}a,${'n01440764 1 2 30 40 '.repeat(60_000)}\n`);
    await expect(readAnnotationCsv(path)).rejects.toMatchObject({ code: 'annotations-not-csv' });
  });

  // In a process of its own: an error that nobody listens to would end the run of all tests.
  it('says so where the file cannot be opened', () => {
    const module = import.meta.resolve('../../src/imagenet/annotation-csv.js');
    const path = join(temporaryFolder(), 'gone.csv');
    const script = `
      const { readAnnotationCsv } = await import(${JSON.stringify(module)});
      await readAnnotationCsv(process.argv[1]).catch(({ code }) => console.log('said', code));`;
    const args = ['--input-type=module', '-e', script, path];
    const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^said \w+/);
  });

  const real = existsSync(REAL) ? it : it.skip;
  real('reads the boxes of all 50,000 validation images (needs ../shared)', async () => {
    const rows = await readAnnotationCsv(REAL);
    expect(rows).toHaveLength(50_000);
    const objects = rows.flatMap((row) => ('problem' in row ? [] : row.objects));
    expect(objects).toHaveLength(80_477);
    expect(rows[0]).toEqual({
      imageId: 'ILSVRC2012_val_00048981',
      size: null,
      objects: [{ wnid: 'n03995372', box: [85, 1, 499, 272] }],
    });
  });
});
