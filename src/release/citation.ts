import { stringify } from 'yaml';
import { IMAGENET_TERMS } from '../dataset/card.js';
import { ReleaseError } from '../errors.js';
import type { ExportName } from '../exports/exports.js';
import type { ReleaseSummary } from './release-folder.js';

/** How to cite a release, as `CITATION.cff` (Citation File Format 1.2.0) has it. */
export function citationOf(release: ReleaseSummary): string {
  const { name, version, repository, authors, date, doi } = release;
  return stringify({
    'cff-version': '1.2.0',
    message: 'If you use this dataset, please cite it and the works it builds on.',
    type: 'dataset',
    title: name,
    version,
    ...(date === null ? {} : { 'date-released': date }),
    ...(doi === undefined ? {} : { doi }),
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
  const { name, version, repository, date, doi } = release;
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
    ...(doi === undefined ? [] : [['doi', doi]]),
  ];
  const lines = fields.map(([field, value]) => `  ${field} = {${value!}},\n`);
  return `@misc{${name}-${version},\n${lines.join('')}}\n`;
}

/** Escapes the characters that are special in TeX. */
function escapeTex(text: string): string {
  return text.replace(/[\\{}]/g, '').replace(/[&%$#_]/g, (character) => `\\${character}`);
}

/** The authors as given, or a placeholder made from the dataset's name. */
function authorsOf({ name, authors }: Pick<ReleaseSummary, 'name' | 'authors'>): string[] {
  return authors.length > 0 ? authors : [`The makers of ${name}`];
}

/** `Family, Given` is a person, anything else a name as it is. */
function toCff(author: string): Record<string, string> {
  const [, family, given] = /^([^,]+),\s*([^,]+)$/.exec(author) ?? [];
  if (family === undefined || given === undefined) return { name: author };
  return { 'family-names': family.trim(), 'given-names': given.trim() };
}

/** What a release holds and states about itself, besides the dataset. */
export interface ReleaseFacts {
  /** Exports to include. Default: none. */
  exports?: readonly ExportName[] | undefined;
  /** Publishes the recipe and the plan instead of the images. Default: false. */
  recipeOnly?: boolean | undefined;
  /** Images per shard, 1 or more, in exports that have shards. Default: that of each export. */
  shardSize?: number | undefined;
  /** URL (http or https) at which the release is published. Default: left out. */
  repository?: string | undefined;
  /** Names for the citation, `Family, Given` or as they are. Default: "The makers of <name>". */
  authors?: readonly string[] | undefined;
  /** Date of the release, `2026-01-31`. Default: left out, since no output depends on a clock. */
  date?: string | undefined;
  /** DOI of the release, `10.5281/zenodo.1234567`. Default: left out. */
  doi?: string | undefined;
}

/**
 * Checks what a release will state about itself.
 * @throws ReleaseError that says what is expected
 */
export function requireCitable(input: ReleaseFacts): void {
  const { recipeOnly = false, exports = [], shardSize = 1, repository, authors = [] } = input;
  const { date, doi } = input;
  if (recipeOnly && exports.length > 0) {
    throw refuse(
      'a recipe-only release has no pixels, but exports contain them',
      'leave out either the exports or recipe-only',
    );
  }
  if (!Number.isSafeInteger(shardSize) || shardSize < 1) {
    throw refuse(`expected a shard size of at least 1 image, got ${shardSize}`);
  }
  if (repository !== undefined && !isAddress(repository)) {
    throw refuse(`expected a URL such as https://example.org/data, got "${repository}"`);
  }
  const nameless = authors.find((author) => author.trim() === '' || /\p{Cc}/u.test(author));
  if (nameless !== undefined) throw refuse("expected an author's name on one line");
  if (date !== undefined && !isDay(date)) {
    throw refuse(`expected a date such as 2026-01-31, got "${date}"`);
  }
  if (doi !== undefined && !DOI.test(doi)) {
    throw refuse(`expected a DOI such as 10.5281/zenodo.1234567, got "${doi}"`);
  }
}

/** As Crossref recommends to match them; no address, since each format makes its own of it. */
const DOI = /^10\.\d{4,9}\/[\w.;()/:-]+$/;

function isAddress(text: string): boolean {
  return /^https?:\/\/\S+$/.test(text) && URL.canParse(text);
}

function isDay(text: string): boolean {
  const day = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().slice(0, 10) === text;
}

function refuse(problem: string, fix?: string): ReleaseError {
  return new ReleaseError(problem, { code: 'release-input-invalid', fix });
}
