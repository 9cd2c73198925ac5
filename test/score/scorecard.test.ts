import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { EvaluationError, OutputError } from '../../src/errors.js';
import { compareModels } from '../../src/score/compare-models.js';
import { scorecardJsonSchema, scorecardSchema } from '../../src/score/scorecard.js';
import {
  findScores,
  openAllScores,
  openScores,
  requireScoresPlace,
  type ScoresOrigin,
  writeScores,
} from '../../src/score/scores-folder.js';
import { temporaryFolder, writeTree } from '../support/unit-folder.js';
import { madeRun, madeSet, scoreRows } from '../support/unit-scores.js';
import { contentsOf } from '../support/workspace.js';

const set = madeSet([[4], [1, 7], [], [0, 5, 9]], {
  ids: ['a/1.jpeg', 'b,"2".jpeg', 'c', 'd'],
  originals: [4, 1, 2, 3],
  leftOut: { problematic: 2 },
});
const rows = scoreRows([{ 4: 1 }, { 7: 3, 3: 2 }, {}, { 9: 4, 2: 3, 5: 1 }]);

/** Scores that were written to a new folder. */
async function written(folder = temporaryFolder(), of = set, overwrite = false): Promise<string> {
  const { scorecard, perImage } = await madeRun('made model', 'scores', rows, of);
  await writeScores({ out: folder, scorecard, perImage: await perImage() }, { overwrite });
  return folder;
}

/** The fields that the first scorecards of version 2 lack. */
const LATER_FIELDS = ['chance', 'classes', 'confusions', 'pairs'];

describe('scorecardJsonSchema', () => {
  it('is what configs/scorecard.schema.json holds', () => {
    const stored: unknown = JSON.parse(readFileSync('configs/scorecard.schema.json', 'utf8'));
    expect(stored).toEqual(scorecardJsonSchema());
  });
});

describe('writeScores', () => {
  it('writes four files and nothing else, the same every time', async () => {
    const [first, second] = [await written(), await written()];
    const names = ['images.csv', 'scorecard.csv', 'scorecard.json', 'scorecard.md'];
    expect(readdirSync(first).sort()).toEqual(names);
    for (const name of names) {
      expect(readFileSync(join(first, name))).toEqual(readFileSync(join(second, name)));
    }
  });

  it('is read back to the last bit', async () => {
    const run = await madeRun('made model', 'scores', rows, set);
    const { scorecard, perImage } = await openScores(await written());
    expect(scorecard).toMatchObject(run.scorecard);
    expect(scorecardSchema.parse(scorecard)).toEqual(scorecard);
    expect(await perImage()).toEqual(await run.perImage());
  });

  it('has tables of what is beside the metrics, and says what marks in these mean', async () => {
    const textOf = async (minImages: number): Promise<string> => {
      const options = { resamples: 20, minImages };
      const run = await madeRun('made model', 'scores', rows, set, options);
      const out = temporaryFolder();
      await writeScores({ out, scorecard: run.scorecard, perImage: await run.perImage() });
      return readFileSync(join(out, 'scorecard.md'), 'utf8');
    };
    const [few, enough] = [await textOf(4), await textOf(1)];
    for (const title of ['Classes of the lowest recall', 'Commonest confusions']) {
      expect(few).toContain(`\n## ${title}\n`);
    }
    expect(few).toMatch(/\n\\\* fewer than 4 images, or .* no interval\.\n$/);
    expect(enough).not.toContain('fewer than');
  });

  it('leaves scores of images that are not defined empty', async () => {
    const lines = readFileSync(join(await written(), 'images.csv'), 'utf8').split('\n');
    expect(lines).toEqual([
      'id,k,top1,top5,real,variable_top_k,any,exact,classes',
      'a/1.jpeg,1,1,1,1,1,1,1,4 0 1 2 3',
      // T = 7, 3, 0, 1, 2: of 1 and 7, 7 is among the two highest; 1, the original, comes fourth
      '"b,""2"".jpeg",2,0,1,1,0.5,1,0,7 3 0 1 2',
      // no labels; T = 0, 1, 2, 3, 4
      'c,0,0,1,,,,,0 1 2 3 4',
      // T = 9, 2, 5, 0, 1: 9 and 5 of three
      'd,3,0,0,1,0.6666666666666666,1,0,9 2 5 0 1',
      '',
    ]);
  });

  it('writes one row of numbers, with the same columns whatever is missing', async () => {
    const [head, row] = readFileSync(join(await written(), 'scorecard.csv'), 'utf8').split('\n');
    const cells = new Map(head!.split(',').map((name, at) => [name, row!.split(',')[at]]));
    expect(head).toContain('A_5,A_5_low,A_5_high,A_5_n,A_>5,');
    expect(cells.get('model')).toBe('made model');
    // 4: right; 7, 0 and 9 are not the originals 1, 2, 3; image 2's T(1) is 0
    expect([cells.get('top1'), cells.get('top1_n')]).toEqual(['0.25', '4']);
    expect([cells.get('A_>5'), cells.get('A_>5_n')]).toEqual(['', '0']);
    expect([cells.get('mapMicro_low'), cells.get('realPerClass_n')]).toEqual(['', '']);
  });

  it('replaces earlier scores, and what a killed run left beside them', async () => {
    const folder = join(temporaryFolder(), 'model');
    await written(folder);
    const before = contentsOf(folder);
    mkdirSync(`${folder}.partial`);
    writeFileSync(join(`${folder}.partial`, 'scorecard.md.tmp'), 'half');
    await written(`${folder}/`);
    expect(contentsOf(folder)).toEqual(before);
    expect(readdirSync(join(folder, '..'))).toEqual(['model']);
  });

  it('keeps the earlier scores whole where it fails', async () => {
    const folder = await written();
    const before = contentsOf(folder);
    const { scorecard, perImage } = await madeRun('made model', 'scores', rows, set);
    const predictions = join(folder, 'none.parquet');
    await expect(
      writeScores({ out: folder, scorecard, perImage: await perImage(), predictions }),
    ).rejects.toThrow('none.parquet: no such file');
    expect(contentsOf(folder)).toEqual(before);
  });

  it.each(['', '.partial'])('refuses a folder%s that holds a file of the user', async (ending) => {
    const folder = join(temporaryFolder(), 'model');
    await written(folder);
    mkdirSync(`${folder}${ending}`, { recursive: true });
    writeFileSync(join(`${folder}${ending}`, 'notes.txt'), 'mine');
    await expect(written(folder)).rejects.toThrow(
      ending === ''
        ? `${folder}: this folder holds notes.txt, which is not part of a scorecard; choose`
        : `${folder}${ending}: notes.txt: this was not left by an interrupted run, so it is kept;`,
    );
    expect(readFileSync(join(`${folder}${ending}`, 'notes.txt'), 'utf8')).toBe('mine');
  });

  it.each(['images.csv', 'scorecard.json'])(
    'refuses to replace an %s that is not its own',
    async (name) => {
      const folder = writeTree({ [name]: '{}' });
      await expect(written(folder)).rejects.toBeInstanceOf(OutputError);
      expect(readFileSync(join(folder, name), 'utf8')).toBe('{}');
    },
  );
});

describe('requireScoresPlace', () => {
  const other = { ...set, digest: 'e'.repeat(64) };
  const model = { name: 'made model' };

  it('refuses a place with scores on another set, and says which', async () => {
    const folder = await written();
    await expect(written(folder, other)).rejects.toMatchObject({
      code: 'output-other-scores',
      message:
        `${folder}: this folder holds scores on another set: made, labels: real, 4 images; ` +
        'choose another output folder, or pass --overwrite to replace them',
    });
    await written(folder, other, true);
    expect((await openScores(folder)).scorecard.set.digest).toBe(other.digest);
  });

  it('refuses a place with scores under another preprocessing', async () => {
    const [folder, resized] = [await written(), { set, model, preprocessing: { mode: 'squash' } }];
    await expect(requireScoresPlace(folder, resized)).rejects.toThrow(
      'scores of made model under another preprocessing; choose',
    );
    await requireScoresPlace(folder, resized, true);
  });

  it('refuses a place with scores of another model, or of other predictions', async () => {
    const folder = await written();
    const places: [Partial<ScoresOrigin>, string][] = [
      [{ model: { name: 'other' } }, 'scores of another model: made model;'],
      [{ model: { ...model, digest: 'a'.repeat(64) } }, 'of made model that were made elsewhere'],
      [{ predictions: { sha256: 'b'.repeat(64) } }, 'scores of other predictions of made model;'],
    ];
    for (const [origin, says] of places) {
      await expect(requireScoresPlace(folder, { set, model, ...origin })).rejects.toThrow(says);
    }
  });

  it('takes a set whose corrupt images are not known yet for the one that was scored', async () => {
    const folder = await written(undefined, { ...other, leftOut: { 'image-corrupt': 1 } });
    await requireScoresPlace(folder, { set, model });
    const read = { ...set, leftOut: { 'image-corrupt': 2 } };
    await expect(written(folder, read)).rejects.toMatchObject({ code: 'output-other-scores' });
  });
});

describe('openScores', () => {
  it('refuses images of another run', async () => {
    const folder = await written();
    writeFileSync(join(folder, 'images.csv'), 'id,k\n');
    const { perImage } = await openScores(folder);
    await expect(perImage()).rejects.toThrow(
      'images.csv: this does not match the scorecard beside it; score again',
    );
  });

  it.each([
    ['another kind of file', { format: 'else' }, 'expected a patchml-scorecard'],
    ['an earlier version', { version: 1 }, 'scorecard.json: version:'],
    ['a later version', { version: 3 }, 'scorecard.json: version:'],
  ])('refuses %s', async (_, change, says) => {
    const folder = await written();
    const path = join(folder, 'scorecard.json');
    const stored = JSON.parse(readFileSync(path, 'utf8')) as object;
    writeFileSync(path, JSON.stringify({ ...stored, ...change }));
    await expect(openScores(folder)).rejects.toThrow(says);
  });
});

describe('findScores', () => {
  it('reads and compares scores of an earlier patchml, which say nothing of chance and classes', async () => {
    const folders = [await written(), await written()];
    for (const folder of folders) {
      const path = join(folder, 'scorecard.json');
      const now = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
      expect(Object.keys(now)).toEqual(expect.arrayContaining(LATER_FIELDS));
      const then = Object.entries(now).filter(([name]) => !LATER_FIELDS.includes(name));
      writeFileSync(path, JSON.stringify(Object.fromEntries(then)));
    }
    const scores = await openAllScores(folders);
    expect(scores[0]!.scorecard.chance).toBeUndefined();
    const { pairs } = await compareModels(scores, { resamples: 20 });
    expect(pairs[0]!.differences.real).toMatchObject({ value: 0, n: 3 });
  });

  it('finds folders of scores at any depth, in byte order', async () => {
    const root = writeTree({
      'b/scorecard.json': '',
      'a/deep/er/scorecard.json': '',
      'B/scorecard.json': '',
      'c/other.json': '',
      'c/model.partial/scorecard.json': '',
    });
    const found = ['B', 'a/deep/er', 'b'].map((path) => join(root, path));
    expect(await findScores(root)).toEqual(found);
    expect(await findScores(join(root, 'b'))).toEqual([join(root, 'b')]);
  });

  it('refuses a folder without any, and one that is not there', async () => {
    await expect(findScores(temporaryFolder())).rejects.toBeInstanceOf(EvaluationError);
    await expect(findScores('/not/there')).rejects.toThrow('no such file or folder');
  });
});
