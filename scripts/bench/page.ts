import { readFile, writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { format, resolveConfig } from 'prettier';
import { bytesText, countText, toMarkdownTable } from '../../src/text.js';
import { rateOf } from './measure.js';
import { aimText, judge, type Row, spreadText } from './row.js';

const PAGE = 'docs/performance.md';
const README = 'README.md';
const [BEGIN, END] = ['<!-- npm run bench: begin -->', '<!-- npm run bench: end -->'];

/** What the numbers were measured on: cores, processor, memory and versions. */
export function describeMachine(peerVersions: readonly string[]): string {
  const cores = cpus();
  const versions = [`Node ${process.versions.node}`, ...peerVersions].join(', ');
  const processor = cores[0]?.model.trim() ?? 'an unknown processor';
  return `${cores.length} cores of ${processor}, ${bytesText(totalmem())} of memory, ${versions}`;
}

/** Writes the tables into the page on performance, and the lines on the main stages into the README. */
export async function writePages(rows: readonly Row[], machine: string): Promise<void> {
  const intro = `Measured on ${machine}, by \`npm run bench -- --write\`. Rates are images, files or rows a second, the median of the rounds; what is compared was measured in turn. A ratio is the median of the rounds, with the lowest and the highest of them.`;
  const peers = rows.filter(({ isPeer }) => isPeer);
  const others = rows.filter(({ isPeer, against, aim }) => !isPeer && (against ?? aim));
  await replace(README, linesOf(rows).join('\n'));
  await replace(
    PAGE,
    [
      intro,
      '## Against what researchers use today',
      toMarkdownTable({
        head: ['work', 'a second', 'against', 'its', 'ratio', 'rounds', 'aim', 'reached'],
        rows: peers.map((row) => [...cellsOf(row), judge(row)]),
      }),
      '## Each stage against its own limits',
      toMarkdownTable({
        head: ['stage', 'a second', 'against', 'its', 'ratio', 'rounds', 'aim', 'reached'],
        rows: others.map((row) => [...cellsOf(row), judge(row)]),
      }),
    ].join('\n\n'),
  );
}

function cellsOf(row: Row): string[] {
  const { what, run, against = '', limit, ratio, aim } = row;
  const isMemory = aim?.of === 'memory' || what.endsWith('peak memory');
  return [
    what,
    isMemory ? `${Math.round(run.rssMb ?? NaN)} MB` : countText(Math.round(rateOf(run))),
    against,
    limit === undefined || isMemory ? '' : countText(Math.round(rateOf(limit))),
    ratio?.toFixed(2) ?? '',
    spreadText(row),
    aimText(row),
  ];
}

/** A line on each of the main stages. */
function linesOf(rows: readonly Row[]): string[] {
  const find = (start: string): { rate: string; ratio: string; seconds: string } => {
    const row = rows.find(({ isPeer, what }) => isPeer && what.startsWith(start));
    if (row?.ratio === undefined) throw new Error(`there is no peer for "${start}"`);
    const rate = countText(Math.round(rateOf(row.run)));
    return { rate, ratio: row.ratio.toFixed(2), seconds: row.run.seconds.toFixed(1) };
  };
  const [extract, compose, evaluate, score] = [
    find('extract'),
    find('compose PNG'),
    find('evaluate full-size JPEG, float32'),
    find('score'),
  ];
  return [
    `- \`extract\` cuts the objects out of ${extract.rate} images a second, ${extract.ratio} times the rate of two processes of Pillow; \`compose\` makes ${compose.rate} PNG images a second, ${compose.ratio} times their rate.`,
    `- \`evaluate\` runs EfficientNet-Lite0 on ${evaluate.rate} full-size JPEGs a second, ${evaluate.ratio} times the rate of onnxruntime and Pillow in Python.`,
    `- \`score\` takes ${score.seconds} s for 50,000 images of 1,000 classes with 1,000 resamples, ${score.ratio} times the rate of scikit-learn and NumPy.`,
  ];
}

/** Puts text between the marks of a page. */
async function replace(path: string, text: string): Promise<void> {
  const page = await readFile(path, 'utf8');
  const [start, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (start < 0 || end < start) throw new Error(`${path} has no ${BEGIN} with ${END} behind it`);
  const written = `${page.slice(0, start)}${BEGIN}\n\n${text}\n\n${page.slice(end)}`;
  const style = await resolveConfig(path);
  await writeFile(path, await format(written, { ...style, filepath: path }));
}
