import { stringify } from 'yaml';
import type { Dataset } from '../dataset/read-dataset.js';
import { classNames } from '../imagenet/synsets.js';
import { IMAGENET_TERMS } from './citation.js';
import { splitOf } from './exports/export-rows.js';
import { DATASET_FOLDER, EXPORTS_FOLDER, type ReleaseSummary } from './release-files.js';

/** What the Hub and `load_dataset` read of a dataset card: the YAML above its text. */
export function cardHeaderOf(release: ReleaseSummary, dataset: Dataset): string {
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
    ...(configs.length === 0 ? {} : { configs, dataset_info: { features: features() } }),
  };
  return `---\n${stringify(header, { lineWidth: 0, aliasDuplicateObjects: false })}---\n`;
}

/**
 * What `load_dataset` finds in the release's own folder. It takes files of one kind alone: Parquet
 * where it is there, whose features are then those declared, else the images.
 */
function configsOf({ kind, exports }: ReleaseSummary, split: string): object[] {
  if (kind === 'recipe') return [];
  const path = exports.includes('parquet')
    ? `${EXPORTS_FOLDER}/parquet/data/*.parquet`
    : [`${DATASET_FOLDER}/metadata.jsonl`, `${DATASET_FOLDER}/images/*`];
  return [{ config_name: 'default', data_files: [{ split, path }] }];
}

function features(): object[] {
  const label = { class_label: { names: Object.fromEntries(classNames().entries()) } };
  return [
    { name: 'image', dtype: 'image' },
    { name: 'id', dtype: 'string' },
    { name: 'k', dtype: 'int64' },
    { name: 'labels', sequence: label },
    { name: 'wnids', sequence: 'string' },
    {
      name: 'objects',
      struct: [
        { name: 'bbox', sequence: { sequence: 'int64' } },
        { name: 'category', sequence: label },
        { name: 'patch', sequence: 'string' },
        { name: 'source', sequence: 'string' },
      ],
    },
    { name: 'sha256', dtype: 'string' },
    { name: 'pixels_sha256', dtype: 'string' },
  ];
}

/** As the Hub names sizes. */
function sizeCategory(images: number): string {
  if (images < 1e3) return 'n<1K';
  if (images < 1e4) return '1K<n<10K';
  if (images < 1e5) return '10K<n<100K';
  return images < 1e6 ? '100K<n<1M' : '1M<n<10M';
}
