import { stringify } from 'yaml';
import type { ReleaseSummary } from './release-files.js';

/** Where the terms of ImageNet's images are. */
export const IMAGENET_TERMS = 'https://image-net.org/download.php';

/** How to cite a release, as `CITATION.cff` (Citation File Format 1.2.0) has it. */
export function citationOf({ name, version, repository, authors, date }: ReleaseSummary): string {
  return stringify({
    'cff-version': '1.2.0',
    message: 'If you use this dataset, please cite it, and the works it builds on.',
    type: 'dataset',
    title: name,
    version,
    ...(date === null ? {} : { 'date-released': date }),
    authors: authorsOf({ name, authors }).map(toCff),
    ...(repository === null ? {} : { repository, url: repository }),
    'license-url': IMAGENET_TERMS,
    keywords: ['multi-label image classification', 'ImageNet', 'benchmark'],
    references: [
      {
        type: 'article',
        title: 'The Impact of the Single-Label Assumption in Image Recognition Benchmarking',
        authors: [{ 'family-names': 'Anzaku' }, { name: 'and others' }],
        url: 'https://arxiv.org/abs/2412.18409',
      },
      {
        type: 'article',
        title: 'ImageNet Large Scale Visual Recognition Challenge',
        authors: [{ 'family-names': 'Russakovsky', 'given-names': 'Olga' }, { name: 'and others' }],
        url: 'https://doi.org/10.1007/s11263-015-0816-y',
        year: 2015,
      },
    ],
  });
}

/** The entry for BibTeX. */
export function bibtexOf(release: ReleaseSummary): string {
  const { name, version, repository, date } = release;
  const fields = [
    ['title', `${name}, version ${version}`],
    [
      'author',
      authorsOf(release)
        .map((author) => (author.includes(', ') ? escapeTex(author) : `{${escapeTex(author)}}`))
        .join(' and '),
    ],
    ...(date === null ? [] : [['year', date.slice(0, 4)]]),
    ...(repository === null ? [] : [['url', repository]]),
  ];
  const lines = fields.map(([field, value]) => `  ${field} = {${value!}},\n`);
  return `@misc{${name}-${version},\n${lines.join('')}}\n`;
}

/** What TeX would take for its own, so that a name stays a name. */
function escapeTex(text: string): string {
  return text.replace(/[\\{}]/g, '').replace(/[&%$#_]/g, (character) => `\\${character}`);
}

/** The authors as given, else the dataset's name stands for them. */
function authorsOf({ name, authors }: Pick<ReleaseSummary, 'name' | 'authors'>): string[] {
  return authors.length > 0 ? authors : [`The makers of ${name}`];
}

/** `Family, Given` is a person, anything else a name as it is. */
function toCff(author: string): Record<string, string> {
  const [, family, given] = /^([^,]+),\s*([^,]+)$/.exec(author) ?? [];
  if (family === undefined || given === undefined) return { name: author };
  return { 'family-names': family.trim(), 'given-names': given.trim() };
}
