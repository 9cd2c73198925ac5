import type { CommandModule } from 'yargs';
import type { Inspection } from '../generate/inspect.js';
import { listCounts, toTerminalTable } from '../text.js';
import { examples, requireGiven, shared, wholeNumber } from './flags.js';
import { run, UsageError } from './run.js';

interface InspectFlags {
  path: string;
  classes: number;
  drops: boolean;
  'contact-sheet': string | undefined;
  ids: string[] | undefined;
  seed: string | undefined;
  predictions: string | undefined;
  order: 'worst' | 'best' | undefined;
  'per-count': number | undefined;
  columns: number | undefined;
  json: boolean;
}

/** Where the help lists the flags of the contact sheet. */
const SHEET = 'Contact sheet:';

export const inspectCommand: CommandModule<object, InspectFlags> = {
  command: 'inspect [path]',
  describe: 'Summarise a dataset, a pool, a recipe or annotations',
  builder: (args) =>
    args
      .positional('path', {
        type: 'string',
        demandOption: true,
        describe:
          'A dataset, pool or annotations folder, a .csv or .tgz of annotations, or a recipe',
      })
      .options({
        classes: { ...wholeNumber('classes', 'Classes to list, most frequent first'), default: 10 },
        drops: {
          type: 'boolean',
          default: false,
          describe: 'List the objects that a pool dropped and why, one JSON object per line',
        },
        'contact-sheet': {
          type: 'string',
          group: SHEET,
          describe: 'Draw images of a dataset with their labels into this PNG file',
        },
        predictions: {
          type: 'string',
          group: SHEET,
          describe: 'Show what a model ranks on top: predictions.parquet, or .npy, .npz, .csv',
        },
        order: {
          choices: ['worst', 'best'] as const,
          group: SHEET,
          describe: 'With --predictions: the images of each k with the fewest or most labels found',
        },
        seed: {
          type: 'string',
          group: SHEET,
          describe: 'Draw the images of each k at random instead of taking the first',
        },
        ids: {
          type: 'string',
          array: true,
          group: SHEET,
          describe: 'The images to show, such as k2-000000 k3-000017',
        },
        'per-count': {
          ...wholeNumber('per-count', 'Images of each k', 1000),
          group: SHEET,
          defaultDescription: '8',
        },
        columns: {
          ...wholeNumber('columns', 'Images per row', 100),
          group: SHEET,
          defaultDescription: '8',
        },
        json: shared.json,
      })
      .check((flags) => {
        requireGiven('path', flags.path);
        requireSheet(flags);
        return true;
      })
      .epilogue(
        examples(
          ['Look at a dataset', 'inspect output/my-dataset --contact-sheet sheet.png'],
          [
            "A model's worst images",
            'inspect output/paper --contact-sheet bad.png --predictions p.parquet --order worst',
          ],
          ['Why objects were dropped', 'inspect output/work/pool/POOL --drops'],
        ),
      ),
  handler: run(async (flags) => {
    const { inspect, readDrops } = await import('../generate/inspect.js');
    if (flags.drops) return { lines: asLines(readDrops(flags.path)) };
    const inspection = await inspect(flags.path);
    const sheet = flags['contact-sheet'];
    if (sheet !== undefined) await drawSheet(flags, sheet);
    if (inspection.kind !== 'recipe') {
      const rows = [
        ...inspectionRows(inspection),
        ...(sheet ? [['contact sheet', sheet] as const] : []),
      ];
      const text = `${toTerminalTable({ rows })}\n${toTerminalTable({ rows: classRows(inspection, flags.classes) })}`;
      return { result: inspection, text };
    }
    const { stringify } = await import('yaml');
    const text = `# digest ${inspection.digest}\n${stringify(inspection.recipe)}`;
    return { result: inspection, text };
  }),
};

const SHEET_FLAGS = ['predictions', 'order', 'seed', 'ids', 'per-count', 'columns'] as const;

/** @throws UsageError for flags that ask for nothing, or for two things at once */
function requireSheet(flags: Partial<InspectFlags>): void {
  const given = SHEET_FLAGS.filter((name) => flags[name] !== undefined);
  const needs = (name: string, other: string): void => {
    throw new UsageError(`--${name} requires ${other}`);
  };
  if (given[0] && flags['contact-sheet'] === undefined) needs(given[0], '--contact-sheet');
  if (flags.order && flags.predictions === undefined) needs('order', '--predictions');
  const other = (['order', 'seed', 'per-count'] as const).find((name) => flags[name] !== undefined);
  if (flags.ids && other) throw new UsageError(`--ids and --${other} cannot be used together`);
  if (flags.ids?.length === 0) throw new UsageError('--ids takes ids such as k2-000000');
}

async function drawSheet(flags: InspectFlags, out: string): Promise<void> {
  const { writeContactSheet } = await import('../generate/contact-sheet.js');
  const { path: dataset, predictions, ids, seed, order, columns } = flags;
  const predicted = predictions === undefined ? undefined : await predictedIn(dataset, predictions);
  const options = { ids, seed, order, columns, perCount: flags['per-count'] };
  await writeContactSheet({ dataset, out, predicted }, options);
}

async function predictedIn(dataset: string, path: string): Promise<Map<string, number[]>> {
  const { openEvaluationSet } = await import('../sets/open-set.js');
  const { openPredictions } = await import('../predictions/open.js');
  const { readPredictedClasses } = await import('../score/score-predictions.js');
  const set = await openEvaluationSet({ dataset });
  return readPredictedClasses({ source: await openPredictions(path), set });
}

async function* asLines(values: AsyncIterable<unknown>): AsyncIterable<string> {
  for await (const value of values) yield JSON.stringify(value);
}

type Counted = Exclude<Inspection, { kind: 'recipe' }>;

function inspectionRows(inspection: Counted): (readonly [string, string | number])[] {
  const common = [
    ['objects', inspection.objects],
    ['classes', inspection.classes.length],
    ['shorter side, px', listCounts(inspection.sides)],
  ] as const;
  switch (inspection.kind) {
    case 'annotations':
      return [
        ['annotations', inspection.annotations],
        ['malformed', inspection.malformed],
        ['malformed objects', inspection.malformedObjects],
        ...common,
      ];
    case 'pool':
      return [
        ['pool', inspection.digest],
        ['bytes', inspection.bytes],
        ...common,
        ['objects dropped', listCounts(inspection.drops)],
      ];
    case 'dataset':
      return [
        ['dataset', `${inspection.name} ${inspection.version}`],
        ['digest', inspection.digest],
        ['images', inspection.images],
        ['images by patches', listCounts(inspection.counts)],
        ['mean painted side, px', listSides(inspection.meanSide)],
        ...common,
        ['objects dropped', listCounts(inspection.drops)],
      ];
  }
}

function listSides(sides: Record<string, number>): string {
  return Object.entries(sides)
    .map(([k, side]) => `${k}: ${side.toFixed(1)}`)
    .join(', ');
}

function classRows({ classes }: Counted, shown: number): (readonly [string, string | number])[] {
  const rows = classes
    .slice(0, shown)
    .map(({ wnid, name, objects }) => [`${wnid} ${name}`, objects] as const);
  const rest = classes.length - rows.length;
  return rest > 0 ? [...rows, [`and ${rest} more classes`, '']] : rows;
}
