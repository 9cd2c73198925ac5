import type { Dataset } from '../dataset/read-dataset.js';
import type { ExportName } from './exports/write-export.js';
import { DATASET_FOLDER, EXPORTS_FOLDER, type ReleaseSummary } from './release-files.js';

/** How to load a release: a snippet for each form that is in it. */
export function loadingOf({ kind, exports }: ReleaseSummary, { summary }: Dataset): string {
  if (kind === 'recipe') {
    return `Make the images from your own copy of ImageNet; every one is compared with this release:\n\n${fenced('sh', `patchml regenerate . --annotations DIR --images DIR --out ${summary.name}`)}`;
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

/** The one split of a folder without splits in its names is called "train" by the loader. */
const SNIPPETS: Record<ExportName, { title: string; language: string; code: string }> = {
  parquet: {
    title: 'Parquet, with the images in it',
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
