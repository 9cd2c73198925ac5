/**
 * Makes the pictures of the documentation, docs/images/, of what "npm run demo" leaves: nothing in
 * them is from ImageNet.
 *
 *     npm run demo && node dist/scripts/make-pictures.js
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import sharp from 'sharp';
import { startViewer } from '../src/index.js';

const OUT = join('docs', 'images');
const [STUDY, WORK] = [join('output', 'studies', 'demo'), join('output', 'work')];
const REPORT = pathToFileURL(join(STUDY, 'report.html')).href;

mkdirSync(OUT, { recursive: true });
const browser = await chromium.launch({
  executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
});
try {
  await takeReport(browser);
  await takeViewer(browser);
} finally {
  await browser.close();
}

async function takeReport(browser: Browser): Promise<void> {
  const page = await open(browser, 'light', REPORT);
  await page.locator('#examples select').first().waitFor();
  await page.locator('#given-alone').getByLabel('models').selectOption({ index: 1 });
  await take(page, 'report-given-alone', '#given-alone .chart');
  const examples = page.locator('#examples');
  await examples.getByLabel('set', { exact: true }).selectOption('same-size');
  await examples.getByLabel('labels of an image').selectOption('4');
  await take(page, 'report-examples', '#examples');
  const dark = await open(browser, 'dark', REPORT);
  await dark.locator('#scores table').first().waitFor();
  await take(dark, 'report-dark');
}

async function takeViewer(browser: Browser): Promise<void> {
  const viewer = await startViewer({ paths: [WORK, STUDY] });
  try {
    const set = viewer.overview.sets.find(
      ({ kind, models, title }) =>
        kind === 'dataset' && models.length > 0 && title === 'demo 1.0.0',
    )!;
    const page = await open(browser, 'light', viewer.address);
    const base = `http://127.0.0.1:${viewer.port}/?set=${set.key}`;
    await page.goto(`${base}&k=3&model=${set.models[0]!.key}`);
    await takeLoaded(page, 'viewer-gallery');
    const id = await page.locator('.tile .id').nth(1).getAttribute('title');
    const dark = await open(browser, 'dark', viewer.address);
    await dark.goto(`${base}&image=${id}`);
    await dark.locator('.ranking').first().waitFor();
    await takeLoaded(dark, 'viewer-image');
  } finally {
    await viewer.close();
  }
}

async function open(browser: Browser, colorScheme: 'light' | 'dark', url: string): Promise<Page> {
  const page = await browser.newPage({ colorScheme, viewport: { width: 1000, height: 640 } });
  await page.goto(url);
  return page;
}

/** Takes what is seen once its pictures are there. */
async function takeLoaded(page: Page, name: string): Promise<void> {
  await page.locator('main img').first().waitFor();
  await page.waitForLoadState('networkidle');
  await take(page, name);
}

/** Saves what is seen, or a part of the page, as a PNG of few colours. */
async function take(page: Page, name: string, part?: string): Promise<void> {
  const seen = part === undefined ? page : page.locator(part);
  const file = join(OUT, `${name}.png`);
  const { size } = await sharp(await seen.screenshot())
    .resize({ width: 900, withoutEnlargement: true })
    .png({ palette: true, colours: 128, effort: 10 })
    .toFile(file);
  console.log(`${file}: ${Math.round(size / 1000)} kB`);
}
