/** Every code that an error of patchml can have; docs/errors.md says what to do about each. */
export const ERROR_CODES = [
  'aborted',
  'annotation-malformed',
  'annotations-corrupt-archive',
  'annotations-csv-header',
  'annotations-none',
  'annotations-not-csv',
  'annotations-too-many',
  'annotations-unknown-form',
  'another-push',
  'bad-address',
  'bad-answer',
  'bad-certificate',
  'bad-endpoint',
  'bad-sums',
  'card-ambiguous',
  'card-invalid-field',
  'card-missing',
  'card-not-fields',
  'card-not-yaml',
  'card-too-large',
  'card-unknown-field',
  'card-unknown-fields',
  'cards-missing',
  'cards-same-name',
  'changed-by-another-run',
  'compare-other-images',
  'compare-other-set',
  'compare-other-subgroups',
  'compare-too-few',
  'connection-cut',
  'contact-sheet-ids',
  'dataset-changed',
  'dataset-damaged',
  'dataset-invalid',
  'digest-differs',
  'drops-missing',
  'eacces',
  'edquot',
  'eisdir',
  'eloop',
  'emfile',
  'enametoolong',
  'enfile',
  'enoent',
  'enospc',
  'enotdir',
  'eperm',
  'erofs',
  'evaluation-class-folder',
  'evaluation-contradiction',
  'evaluation-dataset-damaged',
  'evaluation-duplicate-id',
  'evaluation-image-missing',
  'evaluation-labels-misfit',
  'evaluation-mixed-folders',
  'evaluation-no-images',
  'evaluation-no-labels',
  'evaluation-not-validation',
  'evaluation-nothing-given',
  'evaluation-unknown-form',
  'export-in-dataset',
  'export-shard-size',
  'export-unreadable',
  'file-exists',
  'file-not-regular',
  'file-system',
  'file-too-large',
  'foreign-file',
  'gap-model-twice',
  'gap-no-models',
  'gap-unknown-set',
  'image-corrupt',
  'image-missing',
  'image-too-large',
  'image-unreadable',
  'images-all-bad',
  'images-corrupt-archive',
  'images-missing',
  'images-none',
  'images-of-another-index',
  'images-unknown-form',
  'images-unmatched',
  'index-of-another-recipe',
  'input-missing',
  'inspect-unknown',
  'labels-ambiguous',
  'labels-csv-columns',
  'labels-duplicate-file',
  'labels-empty',
  'labels-file-name',
  'labels-multi-label-form',
  'labels-not-a-file',
  'labels-not-a-list',
  'labels-not-csv',
  'labels-not-json',
  'labels-not-text',
  'labels-real-length',
  'labels-too-large',
  'labels-unknown-class',
  'labels-unknown-form',
  'metadata-invalid',
  'metrics-class-count',
  'metrics-count-mismatch',
  'metrics-label-out-of-range',
  'metrics-not-binary',
  'metrics-out-of-range',
  'metrics-rank-invalid',
  'metrics-score-count',
  'metrics-score-not-finite',
  'metrics-too-few-ranks',
  'missing-file',
  'model-changed',
  'model-class-count',
  'model-config-invalid',
  'model-does-not-run',
  'model-input-name',
  'model-input-shape',
  'model-input-type',
  'model-other-classes',
  'model-output-name',
  'model-output-not-finite',
  'model-output-type',
  'model-unreadable',
  'no-access',
  'no-network',
  'no-region',
  'no-release',
  'not-a-file',
  'not-as-sent',
  'not-enough-space',
  'not-found',
  'not-json-lines',
  'onnxruntime-missing',
  'option-out-of-range',
  'originals-devkit-id',
  'originals-devkit-length',
  'originals-incomplete',
  'originals-none',
  'originals-row',
  'originals-unknown-form',
  'other-repository',
  'output-exists',
  'output-in-release',
  'output-in-use',
  'output-is-link',
  'output-not-comparison',
  'output-not-empty',
  'output-not-scores',
  'output-not-study',
  'output-other-dataset',
  'output-other-scores',
  'output-other-study',
  'part-damaged',
  'parts-missing',
  'plan-of-another-dataset',
  'plan-of-another-pool',
  'plan-of-another-recipe',
  'plot-invalid-size',
  'plot-no-data',
  'plot-unknown-choice',
  'plot-unknown-figure',
  'plot-unknown-format',
  'pool-cut-off',
  'pool-damaged',
  'pool-missing',
  'pool-of-another-dataset',
  'pool-of-another-recipe',
  'port-refused',
  'port-taken',
  'predictions-bad-columns',
  'predictions-bad-dtype',
  'predictions-bad-id-list',
  'predictions-bad-shape',
  'predictions-class-count',
  'predictions-count-mismatch',
  'predictions-duplicate-id',
  'predictions-empty',
  'predictions-id-count',
  'predictions-kind',
  'predictions-missing-ids',
  'predictions-no-array',
  'predictions-no-id',
  'predictions-not-a-class',
  'predictions-not-aligned',
  'predictions-not-classes',
  'predictions-not-finite',
  'predictions-not-npy',
  'predictions-not-probabilities',
  'predictions-option',
  'predictions-ragged',
  'predictions-row-count',
  'predictions-row-group-too-large',
  'predictions-too-many',
  'predictions-too-wide',
  'predictions-trailing-bytes',
  'predictions-truncated',
  'predictions-unknown-format',
  'predictions-unknown-ids',
  'predictions-unreadable',
  'previous-not-a-release',
  'previous-not-last',
  'previous-not-named',
  'previous-other-name',
  'provider-unavailable',
  'queue-address',
  'queue-library-missing',
  'queue-other-storage',
  'queue-piece-failed',
  'queue-redis-refuses',
  'queue-run-cancelled',
  'queue-run-refused',
  'queue-run-unknown',
  'queue-unreachable',
  'recipe-contradiction',
  'recipe-invalid-field',
  'recipe-not-fields',
  'recipe-not-yaml',
  'recipe-too-large',
  'recipe-unknown-field',
  'refused',
  'release-exists',
  'release-in-dataset',
  'release-incomplete',
  'release-input-invalid',
  'report-model-twice',
  'report-other-set',
  'sampling-dead-end',
  'sampling-impossible',
  'scores-invalid',
  'scores-none',
  'stage-ambiguous',
  'stage-invalid',
  'stage-missing',
  'storage-outside',
  'store-busy',
  'study-contradiction',
  'study-invalid-field',
  'study-no-models',
  'study-no-scores',
  'study-not-fields',
  'study-not-yaml',
  'study-too-large',
  'study-unknown-field',
  'study-unknown-input',
  'synset-list-invalid',
  'too-large',
  'version-exists',
  'version-invalid',
  'version-not-greater',
  'version-too-small',
  'view-nothing',
  'view-outside',
  'view-too-large',
] as const;

/** The stable, machine-readable name of a problem, such as `recipe-unknown-field`. */
export type ErrorCode = (typeof ERROR_CODES)[number];

/** What every error of patchml says: the file, the place in it, what was expected, and what to do. */
export interface ErrorDetails {
  code: ErrorCode;
  /** The file or folder the problem is in. */
  path?: string | undefined;
  /** Where in the file: a field, a line, a row. */
  place?: string | undefined;
  /** What to do about it. */
  fix?: string | undefined;
  cause?: unknown;
}

/**
 * The base of patchml's errors; `message` is one line that says all of the details. What is long in
 * them is cut there, and what cannot be printed is escaped; the properties have them as they are.
 */
export class PatchmlError extends Error {
  readonly code: ErrorCode;
  readonly path: string | undefined;
  readonly place: string | undefined;
  readonly fix: string | undefined;

  constructor(problem: string, details: ErrorDetails) {
    const { path, place, fix, cause } = details;
    const where = [path && printable(path), place && printable(place)].filter(Boolean).join(': ');
    const said = [problem, fix].filter(Boolean).map((text) => printable(onOneLine(text!)));
    super(
      [where, said.join('; ')].filter(Boolean).join(': '),
      cause === undefined ? {} : { cause },
    );
    this.name = new.target.name;
    this.code = details.code;
    this.path = path;
    this.place = place;
    this.fix = fix;
  }
}

function onOneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ');
}

/** Characters of one part of a message: a path as deep as they come in practice. */
const MAX_PART = 300;

/**
 * Text that came from a file or a user, for a line on a terminal: what is long is cut in its middle,
 * and what would move the cursor, turn the writing or break the line is escaped.
 */
export function printable(text: string, length = MAX_PART): string {
  const half = Math.floor(length / 2);
  const isLong = text.length > length;
  const short = isLong ? `${text.slice(0, half)} ... ${text.slice(-half)}` : text;
  return short.replace(UNPRINTABLE, (character) => {
    const code = character.charCodeAt(0).toString(16);
    return ESCAPES[character] ?? `\\u${code.padStart(4, '0')}`;
  });
}

/** Controls, ends of lines, halves of characters, and what turns the direction of writing. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu;

const ESCAPES: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** A recipe that cannot be read, or says what cannot be done. */
export class RecipeError extends PatchmlError {}
/** Annotations (XML, CSV, archive) that cannot be read. */
export class AnnotationError extends PatchmlError {}
/** An image, or a store of images, that cannot be read. */
export class ImageError extends PatchmlError {}
/** A demand for patches that the pool cannot meet. */
export class SamplingError extends PatchmlError {}
/** A pool, plan or dataset folder that is not what it should be. */
export class DatasetError extends PatchmlError {}
/** A release that cannot be made, or is not what it should be. */
export class ReleaseError extends PatchmlError {}
/** Predictions, labels or a model that cannot be evaluated. */
export class EvaluationError extends PatchmlError {}
/** A place that cannot be written: full, forbidden, or holding something else. */
export class OutputError extends PatchmlError {}
/** A release, or the work of a cluster, that cannot be sent to a store or fetched from it. */
export class TransferError extends PatchmlError {}
/** A queue that cannot be used, or a run in it that failed. */
export class QueueError extends PatchmlError {}
/** Stages that keep nothing of what they did before they were stopped. */
const START_OVER = ['verify', 'score', 'compare', 'view', 'release'];

/** The run was stopped by its `AbortSignal`; what was finished is kept. */
export class AbortedError extends PatchmlError {
  constructor(stage: string) {
    const from = START_OVER.includes(stage) ? '' : ' to resume';
    super(`${stage} was stopped`, { code: 'aborted', fix: `run the same command again${from}` });
  }
}

/** What a library said when it failed, whatever it threw. */
export function messageOf(error: unknown): string {
  const message = (error as { message?: unknown } | null | undefined)?.message;
  return typeof message === 'string' ? message : String(error);
}

/** Scores, labels or options that do not fit together. Thrown before anything is computed. */
export class MetricsError extends PatchmlError {}

/** The error for a value that is not what it should be: what it is of, what was expected, what came. */
export function invalid(
  code: ErrorCode & `metrics-${string}`,
  what: string,
  expected: string,
  got: unknown,
  fix?: string,
): MetricsError {
  return new MetricsError(`expected ${expected} for ${what}, got ${String(got)}`, { code, fix });
}

/** Throws unless `value` is a whole number from `low` to `high`. */
export function requireInteger(what: string, value: number, low: number, high = 2 ** 31 - 1): void {
  if (!Number.isInteger(value) || value < low || value > high) {
    throw invalid('metrics-out-of-range', what, `a whole number from ${low} to ${high}`, value);
  }
}

/** Throws unless `got` images are as many as `expected`. */
export function requireSameImages(what: string, got: number, expected: number): void {
  if (got !== expected) {
    throw invalid('metrics-count-mismatch', what, `${expected} images`, got);
  }
}
