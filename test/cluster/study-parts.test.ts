import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parse, stringify } from 'yaml';
import { runStudyShard, type StudyPart } from '../../src/cluster/study-parts.js';
import { AbortedError } from '../../src/errors.js';
import { drawWithoutReplacement, openStream } from '../../src/random.js';
import { loadStudy } from '../../src/study/load.js';
import { runStudy, type RunStudyInput, type RunStudyOptions } from '../../src/study/run-study.js';
import { makeImages, writeFolders } from '../support/input.js';
import { writeRecipe } from '../support/made-recipe.js';
import { writeStudy, writeStudyFiles } from '../support/unit-studies.js';
import { contentsOf, openWorkspace } from '../support/workspace.js';

const newFolder = openWorkspace();

/** The study of a folder, with folders of its own to work in. */
async function studyIn(files: string, name: string): Promise<RunStudyInput> {
  const folder = newFolder(name);
  const study = await loadStudy(join(files, 'study.yaml'));
  return { study, out: join(folder, 'out'), work: join(folder, 'work') };
}

/** A signal that is given before the given number of models are scored. */
function stopBefore(scores: number): RunStudyOptions {
  const stop = new AbortController();
  let left = scores;
  const onScore = (): void => {
    left -= 1;
    if (left < 0) stop.abort();
  };
  return { signal: stop.signal, onScore };
}

const failed = ({ failures }: Pick<StudyPart, 'failures'>): unknown[] =>
  failures.map(({ model, set }) => [model, set]);

describe('A study in shards', () => {
  test('has the bytes of an undivided one, whatever n, order and interruptions', async () => {
    const files = writeStudyFiles(['plain', 'better', 'best'], newFolder('files'));
    writeFileSync(join(files, 'predictions/second/better.csv'), 'no table');
    writeStudy(files);
    const input = await studyIn(files, 'undivided');
    const undivided = await runStudy(input);
    expect(failed(undivided)).toEqual([['better', 'second']]);
    const stream = openStream('study in shards');
    for (let of = 1; of <= 4; of += 1) {
      const mine = await studyIn(files, 'shards');
      const parts: StudyPart[] = [];
      for (const at of drawWithoutReplacement(stream, of, of)) {
        const shard = { part: at + 1, of };
        await runStudyShard({ ...mine, shard }, stopBefore(stream.int(3))).catch(
          (error: unknown) => {
            if (!(error instanceof AbortedError)) throw error;
          },
        );
        parts.push(await runStudyShard({ ...mine, shard }));
      }
      expect(parts.flatMap(failed)).toEqual([['better', 'second']]);
      expect(parts.reduce((sum, { scored, reused }) => sum + scored + reused, 0)).toBe(5);
      expect(existsSync(mine.out)).toBe(false);
      const merged = await runStudy(mine);
      expect([merged.scored, merged.reused, failed(merged)]).toEqual([0, 5, failed(undivided)]);
      expect(contentsOf(mine.out)).toEqual(contentsOf(input.out));
    }
  });

  test('generates a dataset once, for all shards that run side by side', async () => {
    const files = newFolder('recipe');
    const folders = writeFolders(files, await makeImages({ images: 12 }));
    writeRecipe(files, { sampling: { counts: { 1: 2, 2: 4 } } });
    const sample = readFileSync('configs/models/sample.yaml', 'utf8');
    const model = resolve('configs/models/sample.onnx');
    for (const name of ['one', 'two']) {
      const card = { ...(parse(sample) as object), name, model };
      writeFileSync(join(files, `${name}.yaml`), stringify(card));
    }
    writeStudy(files, {
      sets: { few: { recipe: 'recipe.yaml', ...folders } },
      models: [{ card: 'one.yaml' }, { card: 'two.yaml' }],
      gaps: [],
    });
    const input = await studyIn(files, 'undivided');
    await runStudy(input, { jobs: 1 });
    const mine = await studyIn(files, 'shards');
    const parts = await Promise.all(
      [1, 2].map((part) => runStudyShard({ ...mine, shard: { part, of: 2 } }, { jobs: 1 })),
    );
    expect(parts).toEqual([1, 2].map(() => ({ scored: 1, reused: 0, failures: [] })));
    expect(readdirSync(join(mine.work, 'datasets'))).toHaveLength(1);
    const merged = await runStudy(mine);
    expect([merged.scored, merged.reused]).toEqual([0, 2]);
    expect(contentsOf(mine.out)).toEqual(contentsOf(input.out));
  });

  test.each([
    [0, 2],
    [3, 2],
  ])('%d/%d is not one', async (part, of) => {
    const files = writeStudyFiles(['plain'], newFolder('none'));
    writeStudy(files);
    const input = await studyIn(files, 'none');
    await expect(runStudyShard({ ...input, shard: { part, of } })).rejects.toMatchObject({
      code: 'option-out-of-range',
    });
  });
});
