import type { CommandModule } from 'yargs';
import { pushRelease } from '../release/transfer/push-release.js';
import { interruptible } from './interruptible.js';
import { requireGiven } from './require.js';
import { showProgress } from './show-progress.js';
import { toTable } from './table.js';

interface PushFlags {
  release: string;
  to: string;
  endpoint: string | undefined;
  private: boolean;
  quiet: boolean;
  json: boolean;
}

export const pushCommand: CommandModule<object, PushFlags> = {
  command: 'push [release]',
  describe: 'Send a release to the Hugging Face Hub, to S3 or to a folder',
  builder: (args) =>
    args
      .positional('release', { type: 'string', demandOption: true, describe: 'The release folder' })
      .options({
        to: {
          type: 'string',
          demandOption: true,
          describe: 'hf://datasets/USER/NAME, s3://BUCKET/PREFIX or a folder',
        },
        endpoint: { type: 'string', describe: 'Server of another S3 store or Hub, as an address' },
        private: {
          type: 'boolean',
          default: false,
          describe: 'Make a new repository of the Hub a private one, refuse a public one',
        },
        quiet: { alias: 'q', type: 'boolean', default: false, describe: 'Print problems only' },
        json: { type: 'boolean', default: false, describe: 'Print the result as JSON' },
      })
      .check(({ release }) => {
        requireGiven('release', release);
        return true;
      })
      .example('$0 push releases/paper-1.1.0 --to hf://datasets/me/paper', 'With HF_TOKEN set'),
  handler: async ({ release, to, endpoint, private: isPrivate, quiet, json }) => {
    const progress = showProgress({ quiet });
    const pushed = await interruptible((signal) =>
      pushRelease(release, to, { endpoint, isPrivate, signal, onProgress: progress.show }),
    ).finally(progress.stop);
    if (json) console.log(JSON.stringify(pushed, null, 2));
    else if (!quiet) {
      const { place, name, version, isNew, files, bytes, sent } = pushed;
      console.log(
        toTable([
          ['pushed', place],
          ['release', `${name} ${version}${isNew ? '' : ', was there already'}`],
          ['files', files],
          ['bytes', bytes],
          ['sent now', sent],
        ]),
      );
    }
  },
};
