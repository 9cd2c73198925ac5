import type { CommandModule } from 'yargs';
import { toTable } from '../text.js';
import { pullRelease } from '../transfer/pull.js';
import { pushRelease } from '../transfer/push.js';
import { requireGiven } from './flags.js';
import { interruptible, showProgress } from './run.js';

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
      pushRelease({ release, to }, { endpoint, isPrivate, signal, onProgress: progress.show }),
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
      pullRelease({ from, out }, { endpoint, version, signal, onProgress: progress.show }),
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
