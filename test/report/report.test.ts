import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, expect, it } from '@jest/globals';
import { writeReport } from '../../src/index.js';
import { describeWithBrowser, seriousFaults } from '../support/browser.js';
import { countedSet, writeMadeScores } from '../support/made-scores.js';
import { openWorkspace } from '../support/workspace.js';

const workspace = openWorkspace();

describeWithBrowser('a report', (open) => {
  let report: string;

  beforeAll(async () => {
    const scores = workspace('scores');
    for (const name of ['first', 'second']) {
      await writeMadeScores(scores, 'often wrong', countedSet(name), 2);
      await writeMadeScores(scores, 'seldom wrong', countedSet(name), 5);
    }
    const out = join(scores, 'report.html');
    await writeReport({ scores: [scores], title: 'Made <b>models</b>', out });
    report = pathToFileURL(out).href;
  });

  it('draws a mark for every value, asks for nothing and has no serious fault', async () => {
    const { page, requests, errors } = await open(report);
    expect(await page.title()).toBe('Made <b>models</b>');
    expect(await page.locator('h1').textContent()).toBe('Made <b>models</b>');
    // Two models, A_1 to A_3.
    expect(await page.locator('#subgroups svg .value > *').count()).toBe(6);
    expect(requests).toEqual([]);
    expect(errors).toEqual([]);
    expect(await seriousFaults(page)).toEqual([]);
  });
});
