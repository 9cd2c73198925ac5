import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Download, Page } from 'playwright-core';
import { EvaluationError, FIGURES, writeReport } from '../../src/index.js';
import { type ReportData, scriptOf } from '../../src/report/report-data.js';

import type { EvaluationSet } from '../../src/sets/evaluation-set.js';
import { describeWithBrowser, seriousFaults } from '../support/browser.js';
import {
  countedSet,
  MOST,
  paintedSet,
  PER_COUNT,
  writeMadeScores,
} from '../support/made-scores.js';
import { openWorkspace } from '../support/workspace.js';

const workspace = openWorkspace();

/** A name that would end the page's data and run, if it were not taken for text. */
const HOSTILE = '</script><img src=x onerror="document.title=1">\u2028<!--';
const MODELS = ['often wrong', 'seldom wrong', HOSTILE];
const WRONG_EVERY = [2, 5, 3];

/** Three models on two sets of real images and one PatchML dataset; the folder of the scores. */
async function makeScores(): Promise<{ scores: string; painted: EvaluationSet }> {
  const scores = workspace('scores');
  const painted = await paintedSet('painted', workspace('images'));
  for (const set of [countedSet('first'), countedSet('second'), painted]) {
    for (const [at, model] of MODELS.entries()) {
      await writeMadeScores(scores, model, set, WRONG_EVERY[at]!);
    }
  }
  return { scores, painted };
}

describe('writeReport', () => {
  let made: Awaited<ReturnType<typeof makeScores>>;

  beforeAll(async () => {
    made = await makeScores();
  });

  it('gives the same bytes for the same scores, and says nothing of where they are', async () => {
    const pages = await Promise.all(
      ['a.html', 'b.html'].map(async (name) => {
        const out = join(workspace('out'), name);
        await writeReport({ scores: [made.scores], sets: [made.painted], out });
        return readFileSync(out, 'utf8');
      }),
    );
    expect(pages[0] === pages[1]).toBe(true);
    expect(pages[0]).not.toContain(made.scores);
    expect(pages[0]).not.toContain(made.painted.images!.path);
  });

  it('refuses a model twice, and a set that no scores are on', async () => {
    const again = workspace('again');
    await writeMadeScores(again, MODELS[0]!, countedSet('first'), 7);
    const out = join(again, 'report.html');
    const twice = writeReport({ scores: [made.scores, again], out });
    await expect(twice).rejects.toMatchObject({ code: 'report-model-twice' });
    const other = writeReport({ scores: [again], sets: [countedSet('third')], out });
    await expect(other).rejects.toBeInstanceOf(EvaluationError);
    await expect(other).rejects.toMatchObject({ code: 'report-other-set' });
  });

  it('finds a set whatever the scores call it, as a study does', async () => {
    const scores = workspace('renamed');
    const set = countedSet('given');
    await writeMadeScores(scores, MODELS[0]!, { ...set, name: 'renamed' }, 5);
    const out = join(scores, 'report.html');
    await writeReport({ scores: [scores], sets: [set], out });
    expect(readFileSync(out, 'utf8')).toContain('"noExamples":null');
  });
});

describe('a report that would be larger than 8 MB', () => {
  const PAGE = 350_000;
  const models = Array.from({ length: 66 }, (_, at) => `model ${at}`);
  const data: ReportData = {
    title: 'large',
    patchml: '',
    models,
    tables: [],
    figures: [],
    examples: { sets: [], classes: {}, leftOut: null },
    noExamples: null,
    provenance: [],
  };
  const fitted = (part: Partial<ReportData>): ReportData => {
    const text = scriptOf({ ...data, ...part }, PAGE);
    expect(Buffer.byteLength(text) + PAGE).toBeLessThan(8e6);
    return JSON.parse(text) as ReportData;
  };

  it('has fewer examples, of all numbers of labels, and says so', () => {
    const images = Array.from({ length: 120 }, (_, at) => ({
      id: String(at),
      labels: Array.from({ length: 1 + Math.floor(at / 24) }, (_, label) => label),
      image: `data:image/jpeg;base64,${'/9j/'.repeat(25_000)}`,
      ranked: [],
    }));
    const { examples } = fitted({
      examples: { ...data.examples, sets: [{ set: 'only', models: [], images }] },
    });
    const counts = examples.sets[0]!.images.map(({ labels }) => labels.length);
    expect(counts).toHaveLength(60);
    expect([1, 2, 3, 4, 5].map((k) => counts.filter((count) => count === k).length)).toEqual(
      Array.from({ length: 5 }, () => 12),
    );
    expect(examples.leftOut).toBe(
      'There were 120 images in all sets, too many: a report stays below 8 MB.',
    );
  });

  it('has charts of fewer single models, the first by ASMA, and says so', () => {
    const chart = { kind: 'bars' as const, groupLabel: '', valueLabel: '', bars: [] };
    const views = models.map((model) => {
      return { choice: { model, of: 'x'.repeat(2e5) }, data: chart, model };
    });
    const figure = { name: 'classes' as const, title: '', about: '', absent: null, leftOut: null };
    const { figures } = fitted({
      figures: [{ ...figure, views: [{ choice: {}, data: chart }, ...views] }],
    });
    const left = figures[0]!.views.map(({ model }) => model);
    expect(left).toEqual([undefined, ...models.slice(0, 33)]);
    expect(figures[0]!.leftOut).toBe(
      'Charts of single models are of the first 33 of 66 only, by ASMA: a report stays below 8 MB.',
    );
  });
});

describeWithBrowser('a report', (open) => {
  let report: string;
  let address: string;

  beforeAll(async () => {
    const { scores, painted } = await makeScores();
    report = join(workspace('report'), 'report.html');
    await writeReport({
      scores: [scores],
      sets: [painted],
      title: 'Made <b>models</b>',
      out: report,
    });
    address = pathToFileURL(report).href;
  });

  const marks = (page: Page, figure: string): Promise<number> =>
    page.locator(`#${figure} .chart .value > *`).count();

  it('runs nothing that its data say, asks for nothing, and has no serious fault', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      const { page, requests, errors } = await open(address, { colorScheme });
      expect(await page.title()).toBe('Made <b>models</b>');
      expect(await page.locator('h1').textContent()).toBe('Made <b>models</b>');
      expect(await page.locator('#scores tbody th').allTextContents()).toContain(HOSTILE);
      for (const section of ['subgroups', 'examples', 'provenance']) {
        await page.locator(`#${section} summary`).first().click();
      }
      expect(await seriousFaults(page)).toEqual([]);
      expect(requests).toEqual([]);
      expect(errors).toEqual([]);
    }
  });

  it('draws the marks that its data ask for', async () => {
    const { page } = await open(address);
    const [models, sets] = [MODELS.length, 3];
    expect(await marks(page, 'label-counts')).toBe(sets * MOST);
    expect(await marks(page, 'subgroups')).toBe(models * MOST);
    expect(await marks(page, 'painted-size')).toBe(models * 2); // 40 and 60 px
    expect(await marks(page, 'given-alone')).toBe(models * 2); // both ends of a dumbbell
    expect(await marks(page, 'positions')).toBe(MOST * 3); // a column for each object of an image
    expect(await marks(page, 'pairs')).toBe(7); // of images of two labels
    expect(await marks(page, 'agreement')).toBe(models);
    expect(await marks(page, 'differences')).toBe(models - 1);
    expect(await marks(page, 'classes')).toBe(7 * MOST);
    expect(await page.locator('#examples .tiles > li').count()).toBe(MOST * PER_COUNT);
    expect(await page.locator('#examples .tiles img').count()).toBe(MOST * PER_COUNT);
  });

  it('has the data of every figure as a table, a row for each mark', async () => {
    const { page } = await open(address);
    for (const figure of FIGURES.filter((name) => name !== 'examples')) {
      const section = page.locator(`#${figure}`);
      await section.locator('summary').click();
      const rows = await section.locator('tbody tr').count();
      const ofChance = await section.locator('tbody th', { hasText: /^chance$/ }).count();
      const ends = ['gaps', 'given-alone'].includes(figure) ? 2 : 1;
      expect(rows).toBeGreaterThan(0);
      expect([figure, await marks(page, figure)]).toEqual([figure, ends * (rows - ofChance)]);
    }
  });

  it('sorts a table by what is clicked, and the address restores the order', async () => {
    const { page } = await open(address);
    const names = (of: Page): Promise<string[]> =>
      of.locator('#scores table').first().locator('tbody th').allTextContents();
    expect(await names(page)).toEqual(['seldom wrong', HOSTILE, 'often wrong']); // by ASMA
    const top1 = page.locator('#scores table').first().getByRole('button', { name: 'top-1' });
    await top1.click();
    await top1.click();
    const ascending = ['often wrong', HOSTILE, 'seldom wrong'];
    expect(await names(page)).toEqual(ascending);
    const again = await open(page.url());
    expect(await names(again.page)).toEqual(ascending);
  });

  it('shows the models that are asked for, and the address restores them', async () => {
    const { page } = await open(address);
    await page.getByLabel('Show models').fill('seldom, often');
    await page.locator('#subgroups select').nth(1).selectOption('any');
    const check = async (of: Page): Promise<void> => {
      expect(await of.locator('#scores table').first().locator('tbody tr').count()).toBe(2);
      expect(await marks(of, 'subgroups')).toBe(2 * MOST);
      expect(await of.locator('#subgroups select').nth(1).inputValue()).toBe('any');
      expect(await of.locator('#subgroups svg').textContent()).toContain('A_k (any)');
    };
    await check(page);
    const again = await open(page.url());
    await check(again.page);
  });

  it('shows all metrics when asked', async () => {
    const { page } = await open(address);
    const columns = page.locator('#scores table').first().locator('thead button');
    const few = await columns.count();
    await page.getByLabel('All metrics').check();
    expect(await columns.count()).toBeGreaterThan(few);
  });

  it('filters examples by model, labels found, another model and class', async () => {
    const { page } = await open(address);
    const choose = (name: string, value: string): Promise<unknown> =>
      page.locator('#examples').getByLabel(name, { exact: true }).selectOption(value);
    const tiles = page.locator('#examples .tiles > li');
    await choose('model', 'often wrong'); // in images 0, 2, 4, ...
    await choose('found', 'no label found'); // of one label
    expect(await tiles.count()).toBe(PER_COUNT / 2);
    await choose('found', 'all labels found');
    expect(await tiles.count()).toBe((MOST * PER_COUNT) / 2);
    await choose('finds more labels than', 'seldom wrong'); // that is wrong in 0, 5, 10, ...
    expect(await tiles.count()).toBe((MOST * PER_COUNT) / 10);
    await choose('labels of an image', '2');
    expect(await tiles.count()).toBe(PER_COUNT / 10);
    const { page: again } = await open(page.url());
    expect(await again.locator('#examples .tiles > li').count()).toBe(PER_COUNT / 10);
    await page.locator('#examples').getByLabel('class', { exact: true }).fill('no such class');
    expect(await tiles.count()).toBe(0);
    expect(await page.locator('#examples [role=status]').textContent()).toBe('0 of 90 examples');
  });

  it('saves figures as SVG and PNG', async () => {
    const { page } = await open(address);
    const saved = async (button: string): Promise<Buffer> => {
      const waiting = page.waitForEvent('download');
      await page.getByRole('button', { name: button }).click();
      const download: Download = await waiting;
      return readFileSync(await download.path());
    };
    const svg = (await saved('Save as SVG: Labels of an image')).toString();
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
    expect(svg.match(/<title>/g)).toHaveLength(3 * MOST); // of each bar
    const png = await saved('Save as PNG: Labels of an image');
    expect(png.subarray(1, 4).toString()).toBe('PNG');
    expect(png.readUInt32BE(16)).toBe(3 * 760);
  });

  it('draws charts in the width of a narrow page', async () => {
    const { page } = await open(address, { viewport: { width: 420, height: 800 } });
    const widths = await page.evaluate(
      `[...document.querySelectorAll('.chart svg')].map((chart) => chart.width.baseVal.value)`,
    );
    expect((widths as number[]).filter((width) => width > 372)).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(420);
  });

  it('lets the keyboard reach everything that can be used', async () => {
    const { page } = await open(address);
    const reachable = 'a, button, select, input, summary, [tabindex="0"]';
    const all = await page.locator(reachable).count();
    await page.evaluate(`window.reached = new Set();
      addEventListener('focusin', ({ target }) => window.reached.add(target));`);
    for (let step = 0; step < all; step += 1) await page.keyboard.press('Tab');
    const missed = await page.evaluate(
      `[...document.querySelectorAll('${reachable}')]
        .filter((element) => !window.reached.has(element) && element.checkVisibility())
        .map(({ outerHTML }) => outerHTML.slice(0, 120))`,
    );
    expect(missed).toEqual([]);
  });

  it('says why a figure is not there', async () => {
    const scores = workspace('one');
    await writeMadeScores(scores, 'only', countedSet('first'), 5);
    const out = join(scores, 'report.html');
    await writeReport({ scores: [scores], out });
    const { page } = await open(pathToFileURL(out).href);
    const why = (figure: string): Promise<string | null> =>
      page.locator(`#${figure} .absent`).textContent();
    expect(await why('gaps')).toBe('A gap needs scores on two sets.');
    expect(await why('differences')).toBe('Differences need two models on one set.');
    expect(await why('agreement')).toContain('three models');
    expect(await why('painted-size')).toContain('PatchML dataset');
    expect(await why('examples')).toContain('--dataset');
  });
});
