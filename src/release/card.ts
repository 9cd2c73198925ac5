import {
  cardHeaderOf,
  columnsOf,
  imageConfigs,
  IMAGENET_TERMS,
  whatItIs,
} from '../dataset/card.js';
import { type Dataset, splitOf } from '../dataset/dataset.js';
import type { LoadConfig } from '../dataset/hugging-face.js';
import type { RowFields } from '../dataset/row.js';
import type { ExportName } from '../exports/exports.js';
import { parquetShards } from '../exports/parquet.js';
import { byteOrder } from '../files/listing.js';
import { classNameOf, classOf, type Wnid } from '../imagenet/synsets.js';
import { countText, inMarkdown, toMarkdownTable } from '../text.js';
import { bibtexOf } from './citation.js';
import { DATASET_FOLDER, EXPORTS_FOLDER, type ReleaseSummary } from './release-folder.js';

/** The README of a release: a dataset card as the Hub has them. */
export function datasetCardOf(release: ReleaseSummary, dataset: Dataset): string {
  const { name, version } = release;
  return [
    `${cardHeaderOf(dataset.summary, name, configsOf(release, dataset), dataset.fields)}\n# ${name} ${version}\n`,
    introduction(release, dataset),
    `## What it holds\n\n${columnsOf(dataset.fields)}`,
    `## How it was made\n\n${howItWasMade(release, dataset)}`,
    `## Classes\n\n${classesOf(dataset)}`,
    `## How to load it\n\n${loadingOf(release, dataset)}`,
    `## How to check it\n\n${howToCheck(release)}`,
    `## Licence\n\n${licence(release)}`,
    `## Citation\n\n\`\`\`bibtex\n${bibtexOf(release)}\`\`\`\n\n\`CITATION.cff\` lists the works it builds on.\n`,
  ].join('\n');
}

function introduction({ kind }: ReleaseSummary, { summary }: Dataset): string {
  if (kind === 'full') return whatItIs(summary);
  return `${whatItIs(summary)}\nThis release contains no pixels: it holds the recipe, the plan, the metadata and the digests. The images are regenerated from your own copy of ImageNet.\n`;
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

/**
 * What `load_dataset` finds in the release's own folder. It reads files of one kind only: Parquet if
 * the release has it, else the images.
 */
function configsOf(
  { kind, exports, shardSize }: ReleaseSummary,
  { summary }: Dataset,
): LoadConfig[] {
  if (kind === 'recipe') return [];
  if (!exports.includes('parquet')) return imageConfigs(summary, `${DATASET_FOLDER}/`);
  const split = splitOf(summary);
  const folder = `${EXPORTS_FOLDER}/parquet`;
  const shards = parquetShards(summary, shardSize ?? undefined);
  return [
    { config_name: 'default', data_files: [{ split, path: `${folder}/data/*.parquet` }] },
    ...Object.keys(summary.counts).map((k) => {
      const files = shards.filter((shard) => shard.k === Number(k));
      const path = files.map(({ file }) => `${folder}/${file}`);
      return { config_name: `k${k}`, data_files: [{ split, path }] };
    }),
  ];
}

/** How to load a release: a snippet for each of its forms. */
function loadingOf({ kind, exports, version }: ReleaseSummary, dataset: Dataset): string {
  const { summary, fields } = dataset;
  if (kind === 'recipe') {
    return `Regenerate the images from your own copy of ImageNet; each one is compared with this release:\n\n${fenced('sh', `patchml regenerate . --annotations DIR --images DIR --out ${summary.name}`)}`;
  }
  const [k = '2'] = Object.keys(summary.counts);
  const snippets = exports.map((name) => {
    const { title, language, code } = SNIPPETS[name];
    return `${title}:\n\n${fenced(language, code)}`;
  });
  return [
    `Hugging Face \`datasets\`, with the path of this folder, or on the Hub with its name and \`revision="v${version}"\`. The config \`"k${k}"\` is the images of ${k === '1' ? 'one object' : `${k} objects`} alone:\n\n${fenced('python', huggingFace(k, splitOf(summary), fields))}`,
    ...snippets,
    `Croissant:\n\n${fenced('python', CROISSANT)}`,
  ].join('\n');
}

function huggingFace(k: string, split: string, fields: RowFields): string {
  const labels = 'label_names' in fields ? 'label_names' : 'labels';
  return `from datasets import load_dataset

images = load_dataset("FOLDER", split="${split}")
print(images[0]["image"].size, images[0]["${labels}"])
some = load_dataset("FOLDER", "k${k}", split="${split}")`;
}

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
  'csv-full': {
    title: 'One-hot CSV of all 1,000 classes',
    language: 'python',
    code: `import pandas as pd

hot = pd.read_csv("${EXPORTS_FOLDER}/csv-full/labels.csv").iloc[:, 3:].to_numpy()
print(hot.shape)`,
  },
  'csv-list': {
    title: 'CSV of file names and labels',
    language: 'python',
    code: `import pandas as pd

print(pd.read_csv("${EXPORTS_FOLDER}/csv-list/labels.csv", dtype=str)["labels"].str.split().head())`,
  },
};

function fenced(language: string, code: string): string {
  return `\`\`\`${language}\n${code}\n\`\`\`\n`;
}
