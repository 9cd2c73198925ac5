import { once } from 'node:events';
import type { CommandModule } from 'yargs';
import type { EvaluationSetInput } from '../sets/open-set.js';
import { examples, requireGiven, shared, wholeNumber } from './flags.js';
import { print, run } from './run.js';
import { type EvaluationSetFlags, evaluationSetFlags } from './score-flags.js';

type ViewFlags = EvaluationSetFlags & {
  paths: string[];
  port: number | undefined;
  open: boolean;
  json: boolean;
};

export const viewCommand: CommandModule<object, ViewFlags> = {
  command: 'view [paths..]',
  describe: 'Browse datasets, pools, scores, studies or releases in a browser',
  builder: (args) =>
    args
      .positional('paths', {
        type: 'string',
        array: true,
        demandOption: true,
        describe: 'Folders that patchml has written, or folders that hold some',
      })
      .options({
        port: {
          ...wholeNumber('port', 'Port on 127.0.0.1', 65_535),
          defaultDescription: '7460, or a free one',
        },
        open: {
          type: 'boolean',
          default: true,
          describe: 'Open the address in the browser; --no-open only prints it',
        },
        json: shared.json,
        ...evaluationSetFlags,
      })
      .check((flags) => {
        if (setsOf(flags).length === 0) requireGiven('paths', flags.paths[0]);
        return true;
      })
      .epilogue(
        examples(
          ['Browse a dataset with the models scored on it', 'view output/my-dataset output/scores'],
          [
            'Models on ImageNet, with its images',
            'view output/scores -i val/images -l real.json --originals LOC_val_solution.csv',
          ],
          ['Everything below a folder, without opening a browser', 'view output --no-open'],
        ),
      ),
  handler: run(async (flags, { signal, onProgress, note }) => {
    const { paths, port, open: opens, json } = flags;
    const { startViewer } = await import('../viewer/view.js');
    const sets = setsOf(flags);
    const viewer = await startViewer({ paths, sets }, { port, signal, onProgress });
    const { address, overview } = viewer;
    for (const { message } of overview.problems) note(`left out: ${message}`);
    await print(json ? JSON.stringify({ address, port: viewer.port, overview }) : address);
    note('Ctrl-C ends the viewer');
    if (opens && !(await openBrowser(address))) note('open this address in a browser');
    if (!signal.aborted) await once(signal, 'abort');
    await viewer.close();
    return {};
  }),
};

/** The set of images that the flags name, if they do. */
function setsOf(flags: EvaluationSetFlags): EvaluationSetInput[] {
  const { dataset, images, labels, originals } = flags;
  const isNone = [dataset, images, labels, originals].every((given) => given === undefined);
  if (isNone) return [];
  return [{ dataset, images, labels, originals, multiLabelRule: flags['multi-label-rule'] }];
}

/** Whether a browser could be started. */
async function openBrowser(address: string): Promise<boolean> {
  const { default: open } = await import('open');
  try {
    const browser = await open(address);
    browser.once('error', () => undefined); // there is no such program
    return true;
  } catch {
    return false;
  }
}
