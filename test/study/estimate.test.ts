import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { planStudy } from '../../src/study/estimate.js';
import { loadStudy } from '../../src/study/load.js';
import { runStudy } from '../../src/study/run-study.js';
import { writeTree } from '../support/unit-folder.js';
import { writeStudy, writeStudyFiles } from '../support/unit-studies.js';

it('A dry run says what would be done, by what earlier runs left, and writes nothing', async () => {
  const folder = writeStudyFiles(['plain', 'better']);
  const work = join(folder, 'work');
  const study = await loadStudy(writeStudy(folder));
  const first = await planStudy({ study, work });
  expect(first.steps.map(({ action, set, model, images }) => [action, set, model, images])).toEqual(
    ['better', 'plain'].flatMap((model) =>
      ['first', 'second'].map((set) => ['score', set, model, 69]),
    ),
  );
  expect(first.steps.every(({ seconds }) => seconds! > 0)).toBe(true);
  expect(existsSync(work)).toBe(false);

  await runStudy({ study, out: join(folder, 'out'), work });
  writeTree({ 'predictions/first/plain.csv': 'file,top1\nset0-0.jpg,1\n' }, folder);
  const then = await planStudy({ study, work });
  expect(then.steps.map(({ action }) => action)).toEqual(['keep', 'keep', 'keep']);
  expect(then.failures.map(({ set, model, error: { code } }) => [set, model, code])).toEqual([
    ['first', 'plain', 'predictions-missing-ids'],
  ]);
});
