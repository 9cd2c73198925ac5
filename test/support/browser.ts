import { existsSync } from 'node:fs';
import axe from 'axe-core';
import { afterAll, afterEach, beforeAll, describe } from '@jest/globals';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';

/** Debian's; CI installs it. Another one is named in `CHROMIUM`. */
const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

/** How a page is opened. */
interface PageOptions {
  /** Default light. */
  colorScheme?: 'light' | 'dark';
  /** px. Default 1280 x 800. */
  viewport?: { width: number; height: number };
}

/** A page, with what it did that it should not. */
export interface OpenedPage {
  page: Page;
  /** Addresses that it asked for, beside its own and what it made itself (`data:`, `blob:`). */
  requests: string[];
  /** Errors on its console, and those that nothing caught. */
  errors: string[];
}

/** Opens pages; they are closed after each test. */
export type OpenPage = (url: string, options?: PageOptions) => Promise<OpenedPage>;

/** `describe` where there is a browser, else a skipped one that says why. */
export function describeWithBrowser(name: string, tests: (open: OpenPage) => void): void {
  if (!existsSync(CHROMIUM)) {
    describe.skip(`${name} (skipped: there is no ${CHROMIUM})`, () => {
      tests(() => Promise.reject(new Error('no browser')));
    });
    return;
  }
  describe(name, () => {
    let browser: Browser;
    const contexts: BrowserContext[] = [];
    beforeAll(async () => {
      browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
    });
    afterEach(async () => {
      await Promise.all(contexts.splice(0).map((context) => context.close()));
    });
    afterAll(() => browser.close());
    tests(async (url, { colorScheme = 'light', viewport = { width: 1280, height: 800 } } = {}) => {
      const context = await browser.newContext({ colorScheme, viewport, acceptDownloads: true });
      contexts.push(context);
      const page = await context.newPage();
      const [requests, errors]: [string[], string[]] = [[], []];
      page.on('request', (request) => {
        const asked = request.url();
        if (asked !== url && !/^(data|blob):/.test(asked)) requests.push(asked);
      });
      page.on('console', (message) => {
        if (message.type() === 'error') errors.push(message.text());
      });
      page.on('pageerror', (error) => errors.push(error.message));
      await page.goto(url);
      return { page, requests, errors };
    });
  });
}

/** What axe finds wrong in a page that is serious or critical: the rule, and where. */
export async function seriousFaults(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const faults: unknown = await page.evaluate(`axe.run(document).then(({ violations }) =>
    violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, nodes }) => nodes.map(({ html }) => id + ': ' + html.slice(0, 200))))`);
  return faults as string[];
}
