/**
 * Measures how smoothly the viewer scrolls: makes a dataset of many rows out of a small one (its
 * images by hard links), opens it in Chromium, scrolls through it and prints the memory of the server
 * and of the page, how long the frames took, and how much of the processor the page's longest task
 * did, which another program on the machine does not make longer. It passes no verdict.
 *
 *     node dist/scripts/scroll-viewer.js [--dataset output/demo] [--rows 100000]
 */
import {
  closeSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { chromium, type Page } from 'playwright-core';
import { startViewer } from '../src/index.js';
import { bytesText } from '../src/text.js';

const { values } = parseArgs({
  options: {
    dataset: { type: 'string', default: join('output', 'demo') },
    rows: { type: 'string', default: '100000' },
  },
});

const made = makeDataset(values.dataset, Number(values.rows));
const began = performance.now();
const viewer = await startViewer({ paths: [made] });
console.log(
  `opened ${values.rows} rows in ${secondsSince(began)} s, ${bytesText(process.memoryUsage.rss())}`,
);
const browser = await chromium.launch({
  executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
});
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  const asked = performance.now();
  await page.goto(viewer.address);
  await page.waitForSelector('.tile img');
  const { usedSize } = (await (
    await page.context().newCDPSession(page)
  ).send('Runtime.getHeapUsage')) as { usedSize: number };
  console.log(
    `first picture after ${secondsSince(asked)} s; ${bytesText(usedSize)} of objects in the page, server ${bytesText(process.memoryUsage.rss())}`,
  );
  await report('wheel, slowly', page, () => turnWheel(page, 200, 120));
  await report('wheel, fast', page, () => turnWheel(page, 200, 3000));
  await report('scroll bar, end to end', page, () => dragThrough(page));
  await report('typing in the search', page, () =>
    page.getByRole('searchbox').pressSequentially('k3 dog', { delay: 150 }),
  );
} finally {
  await browser.close();
  await viewer.close();
  rmSync(made, { recursive: true });
}

/** A dataset whose rows repeat those of another, with their images, under ids of their own. */
function makeDataset(from: string, rows: number): string {
  const folder = join('output', 'scroll-viewer');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const file of ['patchml.lock.json', 'classes.json', 'README.md']) {
    linkSync(join(from, file), join(folder, file));
  }
  const summary = JSON.parse(readFileSync(join(from, 'dataset.json'), 'utf8')) as object;
  writeFileSync(join(folder, 'dataset.json'), JSON.stringify({ ...summary, images: rows }));
  const text = readFileSync(join(from, 'metadata.jsonl'), 'utf8').trimEnd();
  const known = text.split('\n').map((line) => JSON.parse(line) as Row);
  for (const { file_name: file } of known) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    linkSync(join(from, file), join(folder, file));
  }
  const metadata = openSync(join(folder, 'metadata.jsonl'), 'w');
  for (let row = 0; row < rows; row += known.length) {
    const lines = known.slice(0, rows - row).map((each, at) => {
      const id = `k${each.k}-${String(row + at).padStart(6, '0')}`;
      return `${JSON.stringify({ ...each, id })}\n`;
    });
    writeSync(metadata, lines.join(''));
  }
  closeSync(metadata);
  return folder;
}

interface Row {
  file_name: string;
  k: number;
}

/** Prints how long the frames took while something was done. */
async function report(name: string, page: Page, act: () => Promise<void>): Promise<void> {
  await page.evaluate(`{
    window.frames_ = [];
    let last = performance.now();
    const next = (now) => {
      window.frames_.push(now - last);
      last = now;
      window.frame_ = requestAnimationFrame(next);
    };
    window.frame_ = requestAnimationFrame(next);
  }`);
  await browser.startTracing(page, { categories: ['toplevel'] });
  await act();
  await page.waitForTimeout(300);
  const task = longestTask(await browser.stopTracing());
  const frames: number[] = await page.evaluate(
    'cancelAnimationFrame(window.frame_); window.frames_.slice(1)',
  );
  frames.sort((a, b) => a - b);
  const at = (share: number): string => frames[Math.floor(share * (frames.length - 1))]!.toFixed(0);
  const long = frames.filter((ms) => ms > 100).length;
  console.log(
    `${name}: ${frames.length} frames, median ${at(0.5)} ms, 99% ${at(0.99)} ms, longest ${at(1)} ms, ${long} over 100 ms; longest task ${task.toFixed(0)} ms of processor time`,
  );
}

/** What a trace of Chromium says of something that was done, in part. */
interface TraceEvent {
  name: string;
  pid: number;
  tid: number;
  /** Microseconds of processor time. */
  tdur?: number;
  args: { name?: string };
}

/** The most processor time that a task of the page's main thread took, ms. */
function longestTask(trace: Buffer): number {
  const { traceEvents } = JSON.parse(trace.toString()) as { traceEvents: TraceEvent[] };
  const threads = traceEvents.filter(
    ({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain',
  );
  const isMain = ({ pid, tid }: TraceEvent): boolean =>
    threads.some((thread) => thread.pid === pid && thread.tid === tid);
  const tasks = traceEvents.filter((event) => event.tdur !== undefined && isMain(event));
  return tasks.reduce((most, { tdur = 0 }) => Math.max(most, tdur), 0) / 1000;
}

async function turnWheel(page: Page, turns: number, by: number): Promise<void> {
  await page.mouse.move(800, 400);
  for (let turn = 0; turn < turns; turn += 1) {
    await page.mouse.wheel(0, by);
    await page.waitForTimeout(16);
  }
}

/** As somebody who drags the scroll bar from the top to the bottom, in three seconds. */
async function dragThrough(page: Page): Promise<void> {
  await page.evaluate(`new Promise((resolve) => {
    const list = document.querySelector('.gallery');
    const began = performance.now();
    const step = (now) => {
      const share = Math.min(1, (now - began) / 3000);
      list.scrollTop = share * (list.scrollHeight - list.clientHeight);
      if (share < 1) requestAnimationFrame(step);
      else resolve();
    };
    requestAnimationFrame(step);
  })`);
}

function secondsSince(began: number): string {
  return ((performance.now() - began) / 1000).toFixed(1);
}
