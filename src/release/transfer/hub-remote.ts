import { createRepo } from '@huggingface/hub';
import { TransferError } from '../../errors.js';
import { commitFiles, createTag, findRevision, listRevision, readFile } from './hub-calls.js';
import { connectHub, type HubClient, requireToken } from './hub-client.js';
import type { StoreOptions } from './store-options.js';
import { readText } from './read-text.js';
import { RELEASE_FILE } from '../release-files.js';
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
    return listRevision(hub, head);
  };

  const read =
    (path: string): Remote['read'] =>
    (file, start) =>
      readFile(hub, path, file, start);

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
    const there = await listRevision(hub, main.sha);
    if ([...there.keys()].every((path) => OF_A_NEW_REPOSITORY.includes(path))) return;
    const again = retryPolicy(options, options.signal);
    const reader = { place: hub.place, read: read(main.sha) };
    const text = there.has(RELEASE_FILE) ? await readText(reader, RELEASE_FILE, again) : '';
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
    isRemovable: () => true, // the version before, which stays in the history
    put: (files, strays, { onBytes }) =>
      hub.call(() =>
        commitFiles(hub, { title: `${name} ${tag}`, head, files, strays, onBytes }, options.signal),
      ),
    mark: () => createTag(hub, head, tag),
    read: read(tag),
    close: () => Promise.resolve(),
  };
}

/**
 * The version that a data set's repository has last.
 * @throws TransferError `not-found`, `no-release`
 */
export async function findHubVersion(repo: string, options: StoreOptions): Promise<string> {
  const hub = await connectHub(repo, options);
  const reader: Pick<Remote, 'place' | 'read'> = {
    place: hub.place,
    read: (path, start) => readFile(hub, 'main', path, start),
  };
  const text = await readText(reader, RELEASE_FILE, retryPolicy(options, options.signal));
  return parseReleaseInfo(text, hub.place).version;
}

function parseNameOf(text: string, { place }: HubClient): string | undefined {
  return text === '' ? undefined : parseReleaseInfo(text, place).name;
}

function misfit({ place }: HubClient, problem: string, fix: string): TransferError {
  return new TransferError(problem, { code: 'other-repository', path: place, fix });
}
