import { stringify } from 'yaml';
import { canvasSize } from '../recipe/geometry.js';
import { countText, inMarkdown, toMarkdownTable } from '../text.js';
import { CLASSES_FILE, type DatasetSummary, METADATA_FILE, splitOf } from './dataset.js';
import { imageGlob } from './image-files.js';
import { IMAGE_COLUMN, type LoadConfig, loadingHeader } from './hugging-face.js';
import { ROW_FIELDS, type RowFields } from './row.js';

/** Where the terms of ImageNet's images are. */
export const IMAGENET_TERMS = 'https://image-net.org/download.php';

/**
 * The README of a dataset folder: a card whose header lets `load_dataset(folder)` find the images
 * and name their classes. It depends on what `dataset.json` says alone; a dataset's digest covers it,
 * so another wording changes the digest of every dataset.
 */
export function datasetReadme(summary: DatasetSummary): string {
  const { name, version } = summary;
  const split = splitOf(summary);
  const [k = '2'] = Object.keys(summary.counts);
  return [
    `${cardHeaderOf(summary, name, imageConfigs(summary))}\n# ${name} ${version}\n`,
    whatItIs(summary),
    `## What it holds\n\n${columnsOf(ROW_FIELDS)}`,
    `\`${CLASSES_FILE}\` has the synset and the name of each of the 1,000 class indices, \`dataset.json\` the recipe and the counts, and \`patchml.lock.json\` the digest of every file, which \`patchml verify\` checks.\n`,
    `## How to load it\n\nWith the path of this folder, \`"k${k}"\` for the images of ${k === '1' ? 'one object' : `${k} objects`} alone:\n\n\`\`\`python\nfrom datasets import load_dataset\n\nimages = load_dataset("FOLDER", split="${split}")\nprint(images[0]["image"].size, images[0]["label_names"])\nsome = load_dataset("FOLDER", "k${k}", split="${split}")\n\`\`\`\n`,
    `## Terms\n\nThe images contain parts of ImageNet images, which may not be freely redistributed: anyone who uses them must have accepted the ImageNet terms of access (${IMAGENET_TERMS}), which allow non-commercial research and education only.\n`,
  ].join('\n');
}

/** What the Hub and `load_dataset` read of a card: the YAML above its text. */
export function cardHeaderOf(
  { images }: Pick<DatasetSummary, 'images'>,
  name: string,
  configs: readonly LoadConfig[],
  fields: RowFields = ROW_FIELDS,
): string {
  const header = {
    pretty_name: name,
    license: 'other',
    license_name: 'imagenet-terms-of-access',
    license_link: IMAGENET_TERMS,
    task_categories: ['image-classification'],
    task_ids: ['multi-label-image-classification'],
    size_categories: [sizeCategory(images)],
    source_datasets: ['extended|imagenet-1k'],
    tags: ['multi-label', 'imagenet', 'benchmark', 'synthetic', 'patchml'],
    ...(configs.length === 0 ? {} : loadingHeader(configs, fields)),
  };
  return `---\n${stringify(header, { lineWidth: 0 })}---\n`;
}

/** As the Hub names sizes. */
function sizeCategory(images: number): string {
  if (images < 1e3) return 'n<1K';
  if (images < 1e4) return '1K<n<10K';
  if (images < 1e5) return '10K<n<100K';
  return images < 1e6 ? '100K<n<1M' : '1M<n<10M';
}

/**
 * How a dataset's own files load: all of them, and those of each number of objects. The rows of the
 * metadata decide which images there are, so a number of objects needs its filter.
 * @param folder where they are from the card, with `/` at its end. Default: beside it
 */
export function imageConfigs(summary: DatasetSummary, folder = ''): LoadConfig[] {
  const split = splitOf(summary);
  const metadata = `${folder}${METADATA_FILE}`;
  const files = (k?: string): LoadConfig['data_files'] => [
    { split, path: [metadata, `${folder}${imageGlob(summary.images, k)}`] },
  ];
  return [
    { config_name: 'default', data_files: files() },
    ...Object.keys(summary.counts).map((k) => ({
      config_name: `k${k}`,
      data_files: files(k),
      filters: [['k', '==', Number(k)] as const],
    })),
  ];
}

/** What a dataset is, in two sentences. */
export function summaryOf({ recipe, images }: DatasetSummary): string {
  const [width, height] = canvasSize(recipe);
  return `${countText(images)} images of ${width} x ${height} px, each made of a known number of objects that were cut out of ImageNet's ${recipe.source.split} images by their bounding boxes. They measure how many of the objects in a picture a classifier ranks on top.`;
}

/** What a dataset is: its images by number of objects, and how they are laid out. */
export function whatItIs(summary: DatasetSummary): string {
  const { recipe, counts, meanSide } = summary;
  const { replacement, distinctClasses } = recipe.sampling;
  const table = toMarkdownTable({
    head: ['objects per image', 'images', ...(meanSide ? ['mean side of an object, px'] : [])],
    rows: Object.entries(counts).map(([k, count]) => [
      k,
      countText(count),
      ...(meanSide ? [(meanSide[k] ?? 0).toFixed(1)] : []),
    ]),
  });
  return [
    `${inMarkdown(summaryOf(summary))}\n`,
    table,
    `${distinctClasses ? 'All objects in an image are of different classes' : 'Objects in an image may share a class'}; no object appears twice in ${replacement === 'per-dataset' ? 'the dataset' : 'an image'}. Layout: ${recipe.layout.type}, on ${recipe.canvas.background}.\n`,
  ].join('\n');
}

/** The columns of a dataset as loaders show them. */
export function columnsOf(fields: RowFields): string {
  const rows = Object.entries(fields).flatMap(([name, { shape, description }]) => {
    if (shape.kind === 'image') return [[`\`${IMAGE_COLUMN}\``, 'The image.']];
    if (shape.kind !== 'struct') return [[`\`${name}\``, description]];
    return Object.entries(shape.fields).map(([inner, field]) => [
      `\`${name}.${inner}\``,
      field.description,
    ]);
  });
  const lines = [['column', 'what it is'], ['---', '---'], ...rows];
  const table = lines.map((cells) => `| ${cells.join(' | ')} |\n`).join('');
  return `${table}\n\`labels\` are sorted by class index, and name each class once. \`objects\` are in the order they were painted in: the class of box i is \`objects.category[i]\`, not \`labels[i]\`.\n`;
}
