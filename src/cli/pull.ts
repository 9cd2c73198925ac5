import type { CommandModule } from 'yargs';
import { pullRelease } from '../release/transfer/pull-release.js';
import { interruptible } from './interruptible.js';
import { requireGiven } from './require.js';
import { showProgress } from './show-progress.js';
import { toTable } from './table.js';

interface PullFlags {
  from: string;
  out: string;
  endpoint: string | undefined;
  version: string | undefined;
  quiet: boolean;
  json: boolean;
}

export const pullCommand: CommandModule<object, PullFlags> = {
  command: 'pull [from]',
  describe: 'Fetch a release, and check every file of it',
  builder: (args) =>
    args
      .version(false) // here the flag is the release's
      .positional('from', {
        type: 'string',
        demandOption: true,
        describe: 'The address that "push" printed: hf://, s3:// or a folder',
      })
      .options({
        out: {
          alias: 'o',
          type: 'string',
          demandOption: true,
          describe: 'Folder in which the release folder is made',
        },
        endpoint: { type: 'string', describe: 'Server of another S3 store or Hub, as an address' },
        version: {
          type: 'string',
          describe: 'Version, for hf://  [default: the one pushed last]',
        },
        quiet: { alias: 'q', type: 'boolean', default: false, describe: 'Print problems only' },
        json: { type: 'boolean', default: false, describe: 'Print the result as JSON' },
      })
      .check(({ from }) => {
        requireGiven('address', from);
        return true;
      })
      .example('$0 pull hf://datasets/me/paper --version 1.1.0 -o releases', ''),
  handler: async ({ from, out, endpoint, version, quiet, json }) => {
    const progress = showProgress({ quiet });
    const pulled = await interruptible((signal) =>
      pullRelease(from, out, { endpoint, version, signal, onProgress: progress.show }),
    ).finally(progress.stop);
    if (json) console.log(JSON.stringify(pulled, null, 2));
    else if (!quiet) {
      const { folder, name, files, bytes, fetched } = pulled;
      console.log(
        toTable([
          ['pulled', folder],
          ['release', `${name} ${pulled.version}`],
          ['files, as SHA256SUMS has them', files],
          ['bytes', bytes],
          ['fetched now', fetched],
        ]),
      );
    }
  },
};
