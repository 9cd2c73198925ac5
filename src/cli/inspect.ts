import type { CommandModule } from 'yargs';
import type { Inspection } from '../generate/inspect.js';
import { listCounts, toTerminalTable } from '../text.js';
import { examples, requireGiven, shared, wholeNumber } from './flags.js';
import { run } from './run.js';

interface InspectFlags {
  path: string;
  classes: number;
  drops: boolean;
  'contact-sheet': string | undefined;
  json: boolean;
}

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
          describe: 'Draw the first images of a dataset into this PNG file',
        },
        json: shared.json,
      })
      .check(({ path }) => {
        requireGiven('path', path);
        return true;
      })
      .epilogue(
        examples(
          ['Look at a dataset', 'inspect output/my-dataset --contact-sheet sheet.png'],
          ['Why objects were dropped', 'inspect output/work/pools/POOL --drops'],
        ),
      ),
  handler: run(async (flags) => {
    const { inspect, readDrops, writeContactSheet } = await import('../generate/inspect.js');
    if (flags.drops) return { lines: asLines(readDrops(flags.path)) };
    const inspection = await inspect(flags.path);
    const sheet = flags['contact-sheet'];
    if (sheet !== undefined) await writeContactSheet({ dataset: flags.path, out: sheet });
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
        ['mean side painted, px', listSides(inspection.meanSide)],
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
