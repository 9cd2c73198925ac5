import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { generate, startViewer, type Viewer } from '../../src/index.js';
import { describeWithBrowser, type OpenedPage, seriousFaults } from '../support/browser.js';
import { makeDataset } from '../support/made-dataset.js';
import { madeRecipe } from '../support/made-recipe.js';
import { writeScoresOn } from '../support/made-view.js';
import { openWorkspace, readRows } from '../support/workspace.js';

interface Row {
  id: string;
  k: number;
  labels: number[];
  label_names: string[];
  objects: { source: string[]; bbox: number[][] };
}

describeWithBrowser('the page of the viewer', (open) => {
  const workspace = openWorkspace();
  let viewer: Viewer;
  let rows: Row[];
  let base: string;
  let [made, other] = ['', ''];

  beforeAll(async () => {
    const root = workspace('viewed');
    const { folder } = await makeDataset(root);
    rows = readRows<Row>(join(folder, 'metadata.jsonl'));
    await writeScoresOn(folder, root, 'good', 1000);
    await writeScoresOn(folder, root, 'poor<b>', 2);
    const input = {
      annotations: join(root, 'input', 'annotations'),
      images: join(root, 'input', 'images'),
    };
    const recipe = madeRecipe({ name: 'other', seed: '7' });
    await generate(
      { recipe, ...input, out: join(root, 'other'), work: join(root, 'work') },
      { jobs: 1 },
    );
    viewer = await startViewer({ paths: [root] });
    base = `http://127.0.0.1:${viewer.port}/`;
    [made, other] = viewer.overview.sets
      .filter(({ kind }) => kind === 'dataset')
      .map(({ key }) => key) as [string, string];
  });

  afterAll(() => viewer.close());

  /** Opens a view, and checks at the end that nothing went wrong or elsewhere. */
  async function at(query: string, check: (page: Page) => Promise<void>): Promise<void> {
    const opened = await open(viewer.address);
    const { page } = opened;
    await page.goto(base + query);
    await page.waitForSelector('main:not(.message)');
    await check(page);
    expectQuiet(opened);
  }

  function expectQuiet({ errors, requests }: OpenedPage): void {
    expect(errors).toEqual([]);
    expect(requests.filter((address) => !address.startsWith(base))).toEqual([]);
  }

  /** Waits until these images, and no others, are shown. */
  async function expectShown(page: Page, expected: Row[]): Promise<void> {
    await page
      .locator('.tile')
      .nth(expected.length - 1)
      .waitFor();
    expect(await page.locator('.tile .id').allInnerTexts()).toEqual(expected.map(({ id }) => id));
  }

  test('begins with all sets, and leaves no token in the address', async () => {
    const opened = await open(viewer.address);
    await opened.page.getByRole('heading', { name: 'What is open here' }).waitFor();
    expect(opened.page.url()).toBe(base);
    expect(await opened.page.locator('.set h2').allInnerTexts()).toHaveLength(3);
    expectQuiet(opened);
  });

  test('sorts the models by a metric', () =>
    at('', async (page) => {
      const names = (): Promise<string[]> => page.locator('.set tbody th').allInnerTexts();
      await page.getByRole('button', { name: 'variable top-k' }).click();
      await page.locator('th[aria-sort="descending"]').waitFor();
      expect(await names()).toEqual(['good', 'poor<b>']);
      await page.getByRole('button', { name: 'variable top-k' }).click();
      await page.locator('th[aria-sort="ascending"]').waitFor();
      expect(await names()).toEqual(['poor<b>', 'good']);
      await page.reload();
      await page.locator('.set tbody th').first().waitFor();
      expect(await names()).toEqual(['poor<b>', 'good']); // the address holds it
    }));

  test('shows the images that pass its filters, and holds them in the address', () =>
    at(`?set=${made}`, async (page) => {
      const three = rows.filter(({ k }) => k === 3);
      await page.getByLabel('3', { exact: true }).check({ force: true });
      await page.getByText(`${three.length} of ${rows.length} images`).waitFor();
      await expectShown(page, three);

      const name = three[0]!.label_names[0]!;
      await page.getByLabel('Class', { exact: true }).fill(name);
      const ofClass = three.filter(({ label_names: names }) => names.includes(name));
      await page.getByText(`${ofClass.length} of ${rows.length} images`).waitFor();
      await expectShown(page, ofClass);

      const second = three[0]!.label_names[1]!;
      await page.getByLabel('Second class').fill(second);
      const ofPair = ofClass.filter(({ label_names: names }) => names.includes(second));
      await page.getByText(`${ofPair.length} of ${rows.length} images`).waitFor();
      await expectShown(page, ofPair);

      const address = page.url();
      await page.goto(base);
      await page.goto(address);
      await page.getByText(`${ofPair.length} of ${rows.length} images`).waitFor();
      await expectShown(page, ofPair);
      expect(await page.getByLabel('Class', { exact: true }).inputValue()).toBe(name);

      await page.getByRole('button', { name: 'Clear the filters' }).click();
      await page.getByText(`${rows.length} images`, { exact: true }).waitFor();
    }));

  test('searches ids, labels and source images', () =>
    at(`?set=${made}`, async (page) => {
      const source = rows[5]!.objects.source[1]!;
      const found = rows.filter(({ objects }) => objects.source.includes(source));
      await page.keyboard.press('/');
      await page.keyboard.type(source);
      await page.getByText(`${found.length} of ${rows.length} images`).waitFor();
      await expectShown(page, found);
      await page.getByRole('searchbox').fill(rows[7]!.id.toUpperCase());
      await page.getByText(`1 of ${rows.length} images`).waitFor();
      await expectShown(page, [rows[7]!]);
      await page.getByRole('searchbox').fill('no such thing');
      await page.getByText('No image passes these filters.').waitFor();
    }));

  test('shows where one model is right and another is wrong', () =>
    at(`?set=${made}`, async (page) => {
      await page.getByLabel('Model', { exact: true }).selectOption('good');
      await page.getByLabel('Result', { exact: true }).selectOption('found all labels');
      await page.getByLabel('Second model', { exact: true }).selectOption('poor<b>');
      await page.getByLabel("Second model's result").selectOption('missed a label');
      // The poor one is wrong in every second image; the good one in the first of these.
      const wrong = rows.filter((_, image) => image % 2 === 0 && image > 0);
      await page.getByText(`${wrong.length} of ${rows.length} images`).waitFor();
      await expectShown(page, wrong);
      expect(await page.locator('.tile').first().locator('.found').allInnerTexts()).toEqual([
        expect.stringMatching(/^✓ 2\/2\s+good$/),
        expect.stringMatching(/^◐ 1\/2\s+poor<b>$/),
      ]);
    }));

  test('has a page for an image: its boxes, its objects, and what each model ranks on top', () => {
    const row = rows[14]!;
    return at(`?set=${made}&image=${row.id}`, async (page) => {
      const boxes = page.locator('.full svg .line');
      await boxes.first().waitFor();
      const drawn = await Promise.all(
        row.objects.bbox.map((_, at) =>
          Promise.all(
            ['x', 'y', 'width', 'height'].map((name) => boxes.nth(at).getAttribute(name)),
          ),
        ),
      );
      expect(drawn).toEqual(row.objects.bbox.map((box) => box.map(String)));
      await page.keyboard.press('b');
      await boxes.first().waitFor({ state: 'detached' });
      const cells = await page.locator('.facts tbody tr').allInnerTexts();
      cells.forEach((text, at) => {
        expect(text).toContain(row.objects.source[at]);
        expect(text).toContain(row.objects.bbox[at]!.join(', '));
      });
      await page.locator('.ranking').nth(1).waitFor();
      const marks = await page.locator('.ranking').nth(1).locator('li').allInnerTexts();
      expect(marks).toHaveLength(5);
      expect(marks[0]).toMatch(/^✗\s+\S[^]*50\.0%$/); // class 999
      expect(marks[1]).toMatch(/^✓\s+\S[^]*25\.0%$/);
      expect(
        await page
          .locator('.ranking')
          .nth(1)
          .locator('li .mark')
          .first()
          .getAttribute('aria-label'),
      ).toBe('wrong');
    });
  });

  test('puts two versions side by side', () =>
    at(`?set=${made}&versus=${other}&differs=labels`, async (page) => {
      await page.locator('.tile').first().waitFor();
      expect(await page.locator('.tile').first().locator('.picture').count()).toBe(2);
      await page.locator('.tile').first().click();
      await page.locator('.full img').nth(1).waitFor();
      expect(await page.locator('.side h2').allInnerTexts()).toEqual(['made 1.0.0', 'other 1.0.0']);
    }));

  test('is used by the keyboard alone', () =>
    at(`?set=${made}`, async (page) => {
      const focused = (): Promise<string> => page.evaluate('document.activeElement.textContent');
      await page.locator('.tile').first().waitFor();
      await page.keyboard.press('Tab');
      expect(await focused()).toBe('Skip to the content');
      await page.keyboard.press('Enter');
      await page.keyboard.press('Tab');
      expect(await focused()).toContain(rows[0]!.id);
      await page.keyboard.press('ArrowRight');
      await page.keyboard.press('ArrowRight');
      await expectFocus(page, rows[2]!.id);
      await page.keyboard.press('End');
      await expectFocus(page, rows.at(-1)!.id);
      await page.keyboard.press('ArrowLeft');
      await expectFocus(page, rows.at(-2)!.id);
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: rows.at(-2)!.id }).waitFor();
      await page.keyboard.press('ArrowRight');
      await page.getByRole('heading', { name: rows.at(-1)!.id }).waitFor();
      await page.keyboard.press('Escape');
      await expectFocus(page, rows.at(-1)!.id);
      await page.keyboard.press('?');
      await page.getByRole('dialog').waitFor();
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'hidden' });
      await page.goBack();
      await page.getByRole('heading', { name: rows.at(-1)!.id }).waitFor();
    }));

  async function expectFocus(page: Page, id: string): Promise<void> {
    await page.locator('.tile:focus', { hasText: id }).waitFor();
  }

  test('has no serious fault for those who do not see it as most do, in light and dark', async () => {
    const pool = viewer.overview.sets.find(({ kind }) => kind === 'pool')!.key;
    const views = [
      '',
      `?set=${made}&model=good&model2=${encodeURIComponent(viewer.overview.sets.find(({ key }) => key === made)!.models[1]!.key)}`,
      `?set=${made}&image=${rows[0]!.id}&versus=${other}`,
      `?set=${pool}`,
    ];
    for (const view of views) {
      await at(view, async (page) => {
        await page.waitForSelector('.tile, .ranking, .set');
        for (const colorScheme of ['light', 'dark'] as const) {
          await page.emulateMedia({ colorScheme });
          const faults = await seriousFaults(page);
          expect([view, colorScheme, faults]).toEqual([view, colorScheme, []]);
        }
      });
    }
  });

  test('takes markup in a name for text', async () => {
    const folder = workspace('markup');
    const { folder: dataset } = await makeDataset(folder);
    const name = '<img src=x onerror=alert(1)><script>alert(2)</script>';
    const lines = readRows<Row & { file_name: string }>(join(dataset, 'metadata.jsonl')).map(
      (row) => ({
        ...row,
        id: `${name}${row.id}`,
        objects: {
          ...row.objects,
          patch: row.objects.source.map(() => name),
          source: row.objects.source.map(() => name),
        },
      }),
    );
    writeFileSync(
      join(dataset, 'metadata.jsonl'),
      lines.map((row) => `${JSON.stringify(row)}\n`).join(''),
    );
    const marked = await startViewer({ paths: [dataset] });
    try {
      const { page, errors } = await open(marked.address);
      page.on('dialog', () => errors.push('a dialog was opened'));
      await page.locator('.tile').first().click();
      await page.getByRole('heading', { name }).waitFor();
      expect(await page.locator('.facts tbody tr').first().innerText()).toContain(name);
      expect(await page.locator('img[src="x"]').count()).toBe(0);
      expect(errors).toEqual([]);
    } finally {
      await marked.close();
    }
  });
});
