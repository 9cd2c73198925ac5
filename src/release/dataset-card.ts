import { stringify } from 'yaml';
import type { Dataset } from '../dataset/dataset.js';
import type { ExportName } from '../exports/exports.js';
import { cardFeatures } from '../exports/row-schema.js';
import { splitOf } from '../exports/format.js';
import { byteOrder } from '../files/listing.js';
import { classNameOf, classOf, type Wnid } from '../imagenet/synsets.js';
import { canvasSize } from '../recipe/geometry.js';
import { countText, inMarkdown, toMarkdownTable } from '../text.js';
import { bibtexOf, IMAGENET_TERMS } from './citation.js';
import { DATASET_FOLDER, EXPORTS_FOLDER, type ReleaseSummary } from './release-folder.js';

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
    `## Citation\n\n\`\`\`bibtex\n${bibtexOf(release)}\`\`\`\n\n\`CITATION.cff\` lists the works it builds on.\n`,
  ].join('\n');
}

/** What a dataset is, in two sentences. */
export function summaryOf({ summary }: Dataset): string {
  const { recipe, images } = summary;
  const [width, height] = canvasSize(recipe);
  return `${countText(images)} images of ${width} x ${height} px, each made of a known number of objects that were cut out of ImageNet's ${recipe.source.split} images by their bounding boxes. They measure how many of the objects in a picture a classifier ranks on top.`;
}

function whatItIs({ kind }: ReleaseSummary, dataset: Dataset): string {
  const { recipe, counts, meanSide } = dataset.summary;
  const { replacement, distinctClasses } = recipe.sampling;
  const lines = [
    inMarkdown(summaryOf(dataset)),
    toMarkdownTable({
      head: ['objects per image', 'images', ...(meanSide ? ['mean side of an object, px'] : [])],
      rows: Object.entries(counts).map(([k, count]) => [
        k,
        countText(count),
        ...(meanSide ? [(meanSide[k] ?? 0).toFixed(1)] : []),
      ]),
    }).trimEnd(),
    `${distinctClasses ? 'All objects in an image are of different classes' : 'Objects in an image may share a class'}; no object appears twice in ${replacement === 'per-dataset' ? 'the dataset' : 'an image'}. Layout: ${recipe.layout.type}, on ${recipe.canvas.background}.`,
  ];
  if (kind === 'recipe') {
    lines.push(
      'This release contains no pixels: it holds the recipe, the plan, the metadata and the digests. The images are regenerated from your own copy of ImageNet.',
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
  const recipe = own === version ? '' : ` The version in it, ${own}, is that of the recipe.`;
  return `With patchml ${lock.versions.patchml} from \`recipe.yaml\`.${recipe} Released with patchml ${patchml}. The same recipe and inputs give the same bytes.\n\n| | |\n| --- | --- |\n${table}`;
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
      ? 'The images contain parts of ImageNet images, which may not be freely redistributed: anyone who uses them must have accepted the ImageNet terms of access'
      : 'This release contains no images. Those regenerated from it contain parts of ImageNet images: anyone who regenerates them must have accepted the ImageNet terms of access';
  return `${pixels} (${IMAGENET_TERMS}), which allow non-commercial research and education only. Copyright remains with the owners of the images.\n`;
}

/** What the Hub and `load_dataset` read of a dataset card: the YAML above its text. */
function cardHeaderOf(release: ReleaseSummary, dataset: Dataset): string {
  const configs = configsOf(release, splitOf(dataset));
  const header = {
    pretty_name: release.name,
    license: 'other',
    license_name: 'imagenet-terms-of-access',
    license_link: IMAGENET_TERMS,
    task_categories: ['image-classification'],
    task_ids: ['multi-label-image-classification'],
    size_categories: [sizeCategory(dataset.summary.images)],
    source_datasets: ['extended|imagenet-1k'],
    tags: ['multi-label', 'imagenet', 'benchmark', 'synthetic', 'patchml'],
    ...(configs.length === 0 ? {} : { configs, dataset_info: { features: cardFeatures() } }),
  };
  return `---\n${stringify(header, { lineWidth: 0, aliasDuplicateObjects: false })}---\n`;
}

/**
 * What `load_dataset` finds in the release's own folder. It reads files of one kind only: Parquet if
 * the release has it, with the declared features, else the images.
 */
function configsOf({ kind, exports }: ReleaseSummary, split: string): object[] {
  if (kind === 'recipe') return [];
  const path = exports.includes('parquet')
    ? `${EXPORTS_FOLDER}/parquet/data/*.parquet`
    : [`${DATASET_FOLDER}/metadata.jsonl`, `${DATASET_FOLDER}/images/*`];
  return [{ config_name: 'default', data_files: [{ split, path }] }];
}

/** As the Hub names sizes. */
function sizeCategory(images: number): string {
  if (images < 1e3) return 'n<1K';
  if (images < 1e4) return '1K<n<10K';
  if (images < 1e5) return '10K<n<100K';
  return images < 1e6 ? '100K<n<1M' : '1M<n<10M';
}

/** How to load a release: a snippet for each of its forms. */
function loadingOf({ kind, exports }: ReleaseSummary, { summary }: Dataset): string {
  if (kind === 'recipe') {
    return `Regenerate the images from your own copy of ImageNet; each one is compared with this release:\n\n${fenced('sh', `patchml regenerate . --annotations DIR --images DIR --out ${summary.name}`)}`;
  }
  const snippets = exports.map((name) => {
    const { title, language, code } = SNIPPETS[name];
    return `${title}:\n\n${fenced(language, code)}`;
  });
  return [
    `Hugging Face \`datasets\`:\n\n${fenced('python', IMAGE_FOLDER)}`,
    ...snippets,
    `Croissant:\n\n${fenced('python', CROISSANT)}`,
  ].join('\n');
}

const IMAGE_FOLDER = `from datasets import load_dataset

images = load_dataset("imagefolder", data_dir="${DATASET_FOLDER}")["train"]
print(images[0]["image"].size, images[0]["labels"])`;

const CROISSANT = `import mlcroissant

for record in mlcroissant.Dataset("croissant.json").records("images"):
    print(record["images/image"].size, record["images/labels"])`;

/** The loader calls the only split "train" if no name in the folder names a split. */
const SNIPPETS: Record<ExportName, { title: string; language: string; code: string }> = {
  parquet: {
    title: 'Parquet, with embedded images',
    language: 'python',
    code: `from datasets import load_dataset

images = load_dataset("parquet", data_files="${EXPORTS_FOLDER}/parquet/data/*.parquet")["train"]
print(images[0]["image"].size, images.features["labels"])`,
  },
  webdataset: {
    title: 'WebDataset',
    language: 'python',
    code: `from glob import glob

import webdataset as wds

shards = sorted(glob("${EXPORTS_FOLDER}/webdataset/*.tar"))
for sample in wds.WebDataset(shards, shardshuffle=False).decode("pil"):
    print(sample["__key__"], sample["json"]["labels"])`,
  },
  coco: {
    title: 'COCO instances',
    language: 'python',
    code: `from pycocotools.coco import COCO

coco = COCO("${EXPORTS_FOLDER}/coco/instances.json")  # images are in ${DATASET_FOLDER}/
print(len(coco.getImgIds()), len(coco.getAnnIds()))`,
  },
  yolo: {
    title: 'YOLO, for Ultralytics',
    language: 'sh',
    code: `yolo detect val model=MODEL.pt data=${EXPORTS_FOLDER}/yolo/data.yaml`,
  },
  csv: {
    title: 'One-hot CSV',
    language: 'python',
    code: `import pandas as pd

print(pd.read_csv("${EXPORTS_FOLDER}/csv/labels.csv").head())`,
  },
};

function fenced(language: string, code: string): string {
  return `\`\`\`${language}\n${code}\n\`\`\`\n`;
}
