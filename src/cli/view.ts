import { once } from 'node:events';
import type { CommandModule } from 'yargs';
import { examples, requireGiven, shared, wholeNumber } from './flags.js';
import { print, run } from './run.js';

interface ViewFlags {
  paths: string[];
  port: number | undefined;
  open: boolean;
  json: boolean;
}

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
      })
      .check(({ paths }) => {
        requireGiven('paths', paths[0]);
        return true;
      })
      .epilogue(
        examples(
          ['Browse a dataset with the models scored on it', 'view output/my-dataset output/scores'],
          ['Everything below a folder, without opening a browser', 'view output --no-open'],
        ),
      ),
  handler: run(async ({ paths, port, open: opens, json }, { signal, onProgress, note }) => {
    const { startViewer } = await import('../viewer/view.js');
    const viewer = await startViewer({ paths }, { port, signal, onProgress });
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
