import { ReleaseError } from '../errors.js';
import type { ExportName } from './exports/write-export.js';

/** What a release holds and says of itself, beside the dataset. */
export interface ReleaseFacts {
  /** Other forms to put in. Default: none. */
  exports?: readonly ExportName[] | undefined;
  /** Publishes what makes the images instead of the images. Default: false. */
  recipeOnly?: boolean | undefined;
  /** Images a shard, 1 or more, in exports that have shards. Default: that of each export. */
  shardSize?: number | undefined;
  /** Address (http or https) of where the release is kept. Default: left out. */
  repository?: string | undefined;
  /** Names for the citation, `Family, Given` or as they are. Default: "The makers of <name>". */
  authors?: readonly string[] | undefined;
  /** Day of the release, `2026-01-31`. Default: left out, since no output depends on a clock. */
  date?: string | undefined;
}

/**
 * Checks what a release is to say of itself.
 * @throws ReleaseError that says what is expected
 */
export function requireCitable(input: ReleaseFacts): void {
  const { recipeOnly = false, exports = [], shardSize = 1, repository, authors = [], date } = input;
  if (recipeOnly && exports.length > 0) {
    throw refuse(
      'a recipe release has no pixels, and exports hold them',
      'leave one of the two out',
    );
  }
  if (!Number.isSafeInteger(shardSize) || shardSize < 1) {
    throw refuse(`expected a shard size of 1 image or more, got ${shardSize}`);
  }
  if (repository !== undefined && !isAddress(repository)) {
    throw refuse(`expected an address such as https://example.org/data, got "${repository}"`);
  }
  const nameless = authors.find((author) => author.trim() === '' || /\p{Cc}/u.test(author));
  if (nameless !== undefined) throw refuse('expected the name of an author in one line');
  if (date !== undefined && !isDay(date)) {
    throw refuse(`expected a day such as 2026-01-31, got "${date}"`);
  }
}

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
