import { stringify } from 'yaml';
import type { CommandModule } from 'yargs';
import { inspect, type Inspection, readDrops, writeContactSheet } from '../generate/inspect.js';
import { listCounts, toTable } from '../text.js';
import { requireGiven, requireWhole } from './flags.js';

interface InspectFlags {
  path: string;
  classes: number;
  drops: boolean;
  'contact-sheet': string | undefined;
  json: boolean;
}

export const inspectCommand: CommandModule<object, InspectFlags> = {
  command: 'inspect [path]',
  describe: 'Count what is in a dataset, pool, recipe or annotations',
  builder: (args) =>
    args
      .positional('path', {
        type: 'string',
        demandOption: true,
        describe: 'Dataset, pool or annotations folder, CSV, .tgz, or recipe',
      })
      .options({
        classes: { type: 'number', default: 10, describe: 'Classes to list, the most first' },
        drops: {
          type: 'boolean',
          default: false,
          describe: "List a pool's dropped objects, one a line",
        },
        'contact-sheet': {
          type: 'string',
          describe: 'Draw the first images of a dataset to this PNG',
        },
        json: { type: 'boolean', default: false, describe: 'Print the result as JSON' },
      })
      .check(({ path, classes }) => {
        requireGiven('path', path);
        requireWhole('classes', classes);
        return true;
      }),
  handler: async (flags) => {
    if (flags.drops) {
      for await (const drop of readDrops(flags.path)) console.log(JSON.stringify(drop));
      return;
    }
    const inspection = await inspect(flags.path);
    const sheet = flags['contact-sheet'];
    if (sheet !== undefined) await writeContactSheet(flags.path, sheet);
    if (flags.json) console.log(JSON.stringify(inspection, null, 2));
    else if (inspection.kind === 'recipe') {
      console.log(`# digest ${inspection.digest}\n${stringify(inspection.recipe)}`);
    } else {
      console.log(
        toTable([...describe(inspection), ...(sheet ? [['contact sheet', sheet] as const] : [])]),
      );
      console.log(toTable(classRows(inspection, flags.classes)));
    }
  },
};

type Counted = Exclude<Inspection, { kind: 'recipe' }>;

function describe(inspection: Counted): (readonly [string, string | number])[] {
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
        ...common,
        ['objects dropped', listCounts(inspection.drops)],
      ];
  }
}

function classRows({ classes }: Counted, shown: number): (readonly [string, string | number])[] {
  const rows = classes
    .slice(0, shown)
    .map(({ wnid, name, objects }) => [`${wnid} ${name}`, objects] as const);
  const rest = classes.length - rows.length;
  return rest > 0 ? [...rows, [`and ${rest} more classes`, '']] : rows;
}
