import type { Dataset } from '../dataset/read-dataset.js';
import { byteOrder } from '../files/byte-order.js';
import { classNameOf, classOf, type Wnid } from '../imagenet/synsets.js';
import { canvasSize } from '../recipe/geometry.js';
import { countText } from '../report/metric-text.js';
import { inMarkdown, toMarkdownTable } from '../report/render-table.js';
import { cardHeaderOf } from './card-header.js';
import { bibtexOf, IMAGENET_TERMS } from './citation.js';
import { loadingOf } from './loading.js';
import type { ReleaseSummary } from './release-files.js';

/** The README of a release: a dataset card as the Hub has them. */
export function datasetCardOf(release: ReleaseSummary, dataset: Dataset): string {
  const { name, version } = release;
  return [
    `${cardHeaderOf(release, dataset)}\n# ${name} ${version}\n`,
    whatItIs(release, dataset),
    `## How it was made\n\n${howItWasMade(release, dataset)}`,
    `## Classes\n\n${classesOf(dataset)}`,
    `## How to load it\n\n${loadingOf(release, dataset)}`,
    `## How to check it\n\n${howToCheck(release)}`,
    `## Licence\n\n${licence(release)}`,
    `## Citation\n\n\`\`\`bibtex\n${bibtexOf(release)}\`\`\`\n\n\`CITATION.cff\` has the works it builds on.\n`,
  ].join('\n');
}

/** What a dataset is, in two sentences. */
export function summaryOf({ summary }: Dataset): string {
  const { recipe, images } = summary;
  const [width, height] = canvasSize(recipe);
  return `${countText(images)} images of ${width} x ${height} px, each made of a known number of objects that were cut out of ImageNet's ${recipe.source.split} images by their bounding boxes. They measure how many of the objects in a picture a classifier ranks on top.`;
}

function whatItIs({ kind }: ReleaseSummary, dataset: Dataset): string {
  const { recipe, counts } = dataset.summary;
  const { replacement, distinctClasses } = recipe.sampling;
  const lines = [
    inMarkdown(summaryOf(dataset)),
    toMarkdownTable({
      head: ['objects in an image', 'images'],
      rows: Object.entries(counts).map(([k, count]) => [k, countText(count)]),
    }).trimEnd(),
    `${distinctClasses ? 'All objects of an image differ in class' : 'Objects of an image may be of one class'}; no object is twice in ${replacement === 'per-dataset' ? 'the dataset' : 'an image'}. Layout: ${recipe.layout.type}, on ${recipe.canvas.background}.`,
  ];
  if (kind === 'recipe') {
    lines.push(
      'This release has no pixels: it holds the recipe, the plan, the metadata and the digests, and the images are made from your own copy of ImageNet.',
    );
  }
  return `${lines.join('\n\n')}\n`;
}

function howItWasMade({ patchml, version }: ReleaseSummary, { summary, lock }: Dataset): string {
  const { annotations, malformed, objects, patches, drops } = summary.source;
  const rows = [
    ['annotations', countText(annotations)],
    ['malformed annotations', countText(malformed)],
    ['objects', countText(objects)],
    ['patches', countText(patches)],
    ...Object.entries(drops).map(([reason, count]) => [
      `objects dropped: ${reason}`,
      countText(count),
    ]),
    ['seed', inMarkdown(summary.recipe.seed)],
    ['dataset digest', `\`${lock.dataset}\``],
    ['recipe digest', `\`${lock.recipe}\``],
    ['pool digest', `\`${lock.pool}\``],
    ['plan digest', `\`${lock.plan}\``],
  ];
  const table = rows.map(([name, value]) => `| ${name!} | ${value!} |\n`).join('');
  const own = summary.recipe.version;
  const recipe = own === version ? '' : ` The version in it, ${own}, is the recipe's own.`;
  return `By patchml ${lock.versions.patchml} from \`recipe.yaml\`.${recipe} Released with patchml ${patchml}. The same recipe and inputs give the same bytes.\n\n| | |\n| --- | --- |\n${table}`;
}

/** The classes that are in any image, by class index. */
function classesOf({ summary }: Dataset): string {
  const classes = Object.entries(summary.classes).sort(
    ([a], [b]) => indexOf(a) - indexOf(b) || byteOrder(a, b),
  );
  const table = toMarkdownTable({
    head: ['synset', 'class', 'name', 'images'],
    rows: classes.map(([wnid, images]) => {
      const index = classOf(wnid);
      const name = index === undefined ? '' : classNameOf(index);
      return [wnid, String(index ?? ''), name, countText(images)];
    }),
  });
  return `${countText(classes.length)} of ImageNet's 1,000 classes.\n\n<details><summary>All of them</summary>\n\n${table}\n</details>\n`;
}

function indexOf(wnid: Wnid): number {
  return classOf(wnid) ?? Infinity;
}

function howToCheck({ kind }: ReleaseSummary): string {
  const what =
    kind === 'full'
      ? '`patchml verify` also checks every row of the metadata and every export.'
      : '`patchml verify` also checks every row of the metadata, the recipe and the plan.';
  return `\`\`\`sh\nsha256sum -c SHA256SUMS\npatchml verify .\n\`\`\`\n\n${what}\n`;
}

function licence({ kind }: ReleaseSummary): string {
  const pixels =
    kind === 'full'
      ? 'The images hold parts of images of ImageNet, which are not free to pass on: whoever uses them must have agreed to the terms of ImageNet'
      : 'Nothing in this release is a picture. The images that are made from it hold parts of images of ImageNet: whoever makes them must have agreed to the terms of ImageNet';
  return `${pixels} (${IMAGENET_TERMS}), which allow non-commercial research and education only. The images' owners keep their copyright.\n`;
}
