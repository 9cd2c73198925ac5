import type { CommandModule } from 'yargs';
import { toTerminalTable } from '../text.js';
import { examples, requireGiven, shared } from './flags.js';
import { run, silenceSdk } from './run.js';

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
        endpoint: shared.endpoint,
        private: {
          type: 'boolean',
          default: false,
          describe: 'Create the Hub repository as private; refuse one that is public',
        },
        quiet: { ...shared.quiet, describe: 'Print problems only' },
        json: shared.json,
      })
      .check(({ release }) => {
        requireGiven('release', release);
        return true;
      })
      .epilogue(
        examples(
          [
            'To the Hub, with HF_TOKEN set',
            'push releases/paper-1.1.0 --to hf://datasets/me/paper',
          ],
          ['To a shared folder', 'push releases/paper-1.1.0 --to /data/published'],
        ),
      ),
  handler: run(async ({ release, to, endpoint, private: isPrivate }, { signal, onProgress }) => {
    silenceSdk();
    const { pushRelease } = await import('../transfer/push.js');
    const pushed = await pushRelease({ release, to }, { endpoint, isPrivate, signal, onProgress });
    const { place, name, version, isNew, files, bytes, sent } = pushed;
    return {
      result: pushed,
      text: toTerminalTable({
        rows: [
          ['pushed', place],
          ['release', `${name} ${version}${isNew ? '' : ' (already exists)'}`],
          ['files', files],
          ['bytes', bytes],
          ['sent', sent],
        ],
      }),
    };
  }),
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
  describe: 'Fetch a release and check every file of it',
  builder: (args) =>
    args
      .version(false) // --version is that of the release here
      .positional('from', {
        type: 'string',
        demandOption: true,
        describe: 'The address that push printed: hf://, s3:// or a folder',
      })
      .options({
        out: {
          ...shared.out,
          demandOption: true,
          describe: 'Folder of releases; writes <out>/<name>-<version>',
        },
        endpoint: shared.endpoint,
        version: {
          type: 'string',
          describe: 'Version of the release, for hf://',
          defaultDescription: 'the one pushed last',
        },
        quiet: { ...shared.quiet, describe: 'Print problems only' },
        json: shared.json,
      })
      .check(({ from }) => {
        requireGiven('address', from);
        return true;
      })
      .epilogue(
        examples([
          'One version from the Hub',
          'pull hf://datasets/me/paper --version 1.1.0 -o releases',
        ]),
      ),
  handler: run(async ({ from, out, endpoint, version: asked }, { signal, onProgress }) => {
    silenceSdk();
    const { pullRelease } = await import('../transfer/pull.js');
    const options = { endpoint, version: asked, signal, onProgress };
    const pulled = await pullRelease({ from, out }, options);
    const { folder, name, version, files, bytes, fetched } = pulled;
    return {
      result: pulled,
      text: toTerminalTable({
        rows: [
          ['pulled', folder],
          ['release', `${name} ${version}`],
          ['files, checked against SHA256SUMS', files],
          ['bytes', bytes],
          ['fetched', fetched],
        ],
      }),
    };
  }),
};
