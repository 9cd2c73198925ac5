import { createRepo } from '@huggingface/hub';
import { TransferError } from '../../errors.js';
import { commitFiles, createTag, findRevision, listRevision, readFile } from './hub-calls.js';
import { connectHub, type HubClient, requireToken } from './hub-client.js';
import type { StoreOptions } from './store-options.js';
import { readText } from './read-text.js';
import { parseChecksums } from '../checksums.js';
import { RELEASE_FILE, SUMS_FILE } from '../release-files.js';
import { parseReleaseInfo } from './release-info.js';
import type { Remote, RemoteFile } from './remote.js';
import { retryPolicy } from './retry.js';

export interface HubVersion {
  /** `USER/NAME` of a data set. */
  repo: string;
  /** The git tag of the version. */
  tag: string;
  /** Name of the release that is pushed. */
  name?: string;
  isPrivate?: boolean | undefined;
}

/** What a new repository may hold before the first release. */
const OF_A_NEW_REPOSITORY = ['.gitattributes', 'README.md'];

/** A version as a commit of a data set's repository on the Hub, made whole by its tag. */
export async function openHubRemote(
  { repo, tag, name = '', isPrivate }: HubVersion,
  options: StoreOptions,
): Promise<Remote> {
  const hub = await connectHub(repo, options);
  const place = `${hub.place}@${tag}`;
  /** The commit that was listed last: what is committed next is put upon it, and is tagged. */
  let head = '';
  let there = new Map<string, RemoteFile>();

  const requirePrivacy = (repository: { private: boolean }): void => {
    if (!isPrivate || repository.private) return;
    throw misfit(hub, 'this repository is public', 'make it private, or leave out --private');
  };

  const isWhole = async (): Promise<boolean> => {
    const revision = await findRevision(hub, tag);
    if (revision !== undefined) requirePrivacy(revision);
    return revision !== undefined;
  };

  const list = async (): Promise<Map<string, RemoteFile>> => {
    const revision = (await findRevision(hub, tag)) ?? (await findRevision(hub, 'main'));
    head = revision?.sha ?? '';
    there = await listRevision(hub, head);
    return there;
  };

  /** Files of the release before may be removed: they stay in the history. */
  const findForeign = async (strays: string[]): Promise<string | undefined> => {
    if (strays.length === 0 || isNewRepository(there)) return undefined;
    const sums = there.has(SUMS_FILE) ? await readAt(hub, head, SUMS_FILE, options) : '';
    const { digests } = parseChecksums(sums);
    return strays.find((path) => !digests.has(path));
  };

  const prepare = async (): Promise<void> => {
    const accessToken = requireToken(hub);
    const main = await findRevision(hub, 'main');
    if (main === undefined) {
      const { hubUrl, fetch } = hub;
      const visibility = isPrivate ? ({ visibility: 'private' } as const) : {};
      await hub.call(() =>
        createRepo({ repo: hub.repo, accessToken, hubUrl, fetch, ...visibility }),
      );
      return;
    }
    requirePrivacy(main);
    const files = await listRevision(hub, main.sha);
    if (isNewRepository(files)) return;
    const text = files.has(RELEASE_FILE) ? await readAt(hub, main.sha, RELEASE_FILE, options) : '';
    if (parseNameOf(text, hub) !== name) {
      throw misfit(hub, 'this repository holds something else', 'name another repository');
    }
  };

  return {
    place,
    sumsAreTheMark: false,
    ownFiles: ['.gitattributes'],
    isWhole,
    prepare,
    list,
    findForeign,
    put: (files, strays, { onBytes }) =>
      hub.call(() =>
        commitFiles(hub, { title: `${name} ${tag}`, head, files, strays, onBytes }, options.signal),
      ),
    mark: () => createTag(hub, head, tag),
    read: (path, start) => readFile(hub, tag, path, start),
    close: () => Promise.resolve(),
  };
}

/**
 * The version that a data set's repository has last.
 * @throws TransferError `not-found`, `no-release`
 */
export async function findHubVersion(repo: string, options: StoreOptions): Promise<string> {
  const hub = await connectHub(repo, options);
  const text = await readAt(hub, 'main', RELEASE_FILE, options);
  return parseReleaseInfo(text, hub.place).version;
}

/** The text of a file at a revision. */
function readAt(
  hub: HubClient,
  revision: string,
  file: string,
  options: StoreOptions,
): Promise<string> {
  const read: Remote['read'] = (path, start) => readFile(hub, revision, path, start);
  return readText({ place: hub.place, read }, file, retryPolicy(options, options.signal));
}

function isNewRepository(files: ReadonlyMap<string, RemoteFile>): boolean {
  return [...files.keys()].every((path) => OF_A_NEW_REPOSITORY.includes(path));
}

function parseNameOf(text: string, { place }: HubClient): string | undefined {
  return text === '' ? undefined : parseReleaseInfo(text, place).name;
}

function misfit({ place }: HubClient, problem: string, fix: string): TransferError {
  return new TransferError(problem, { code: 'other-repository', path: place, fix });
}
