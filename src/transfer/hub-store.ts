import { pathToFileURL } from 'node:url';
import {
  commitIter,
  type CommitOperation,
  createRepo,
  datasetInfo,
  downloadFile,
  HubApiError,
  listFiles,
} from '@huggingface/hub';
import { TransferError } from '../errors.js';
import { MAX_SUMS_BYTES, parseChecksums, SUMS_FILE } from '../release/checksums.js';
import { parseReleaseInfo, RELEASE_FILE } from '../release/release-folder.js';
import { connectHub, type HubClient, requireToken } from './hub-client.js';
import type { LocalFile, SendOptions, Store, StoredFile, StoreOptions } from './store.js';
import { FailedRequest, readResuming, readText } from './stored-files.js';

export interface HubVersion {
  /** `USER/NAME` of a dataset. */
  repo: string;
  /** The git tag of the version. */
  tag: string;
  /** Name of the release that is pushed. */
  name?: string;
  isPrivate?: boolean | undefined;
}

/** Files that a new repository may have before its first release. */
const OF_A_NEW_REPOSITORY = ['.gitattributes', 'README.md'];

/** A version as a commit of a dataset's repository on the Hub; its tag is the mark. */
export async function openHubStore(
  { repo, tag, name = '', isPrivate }: HubVersion,
  options: StoreOptions,
): Promise<Store> {
  const hub = await connectHub(repo, options);
  const place = `${hub.place}@${tag}`;
  /** The commit that was listed last: the next commit's parent, and what is tagged. */
  let head = '';
  let there = new Map<string, StoredFile>();

  const requirePrivacy = (repository: { private: boolean }): void => {
    if (!isPrivate || repository.private) return;
    throw misfit(hub, 'this repository is public', 'make it private, or leave out --private');
  };

  const isComplete = async (): Promise<boolean> => {
    const revision = await findRevision(hub, tag);
    if (revision !== undefined) requirePrivacy(revision);
    return revision !== undefined;
  };

  const list = async (): Promise<Map<string, StoredFile>> => {
    const revision = (await findRevision(hub, tag)) ?? (await findRevision(hub, 'main'));
    head = revision?.sha ?? '';
    there = await listRevision(hub, head);
    return there;
  };

  /** Files of the previous release may be removed: they stay in the history. */
  const findForeign = async (strays: string[]): Promise<string | undefined> => {
    if (strays.length === 0 || isNewRepository(there)) return undefined;
    const sums = there.has(SUMS_FILE) ? await readAt(hub, head, SUMS_FILE, options.signal) : '';
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
    const text = files.has(RELEASE_FILE)
      ? await readAt(hub, main.sha, RELEASE_FILE, options.signal)
      : '';
    if (parseNameOf(text, hub) !== name) {
      throw misfit(
        hub,
        'this repository holds another dataset or other files',
        'choose another repository',
      );
    }
  };

  return {
    place,
    sumsAreTheMark: false,
    ownFiles: ['.gitattributes'],
    isComplete,
    prepare,
    list,
    findForeign,
    put: (files, strays, { onBytes }) =>
      hub.call(() =>
        commitFiles(hub, { title: `${name} ${tag}`, head, files, strays, onBytes }, options.signal),
      ),
    mark: () => createTag(hub, head, tag),
    read: (path, start) => readFile(hub, tag, { path, start, signal: options.signal }),
    close: () => Promise.resolve(),
  };
}

/**
 * The version that was pushed last to a dataset's repository.
 * @throws TransferError `not-found`, `no-release`
 */
export async function findHubVersion(repo: string, options: StoreOptions): Promise<string> {
  const hub = await connectHub(repo, options);
  const text = await readAt(hub, 'main', RELEASE_FILE, options.signal);
  return parseReleaseInfo(text, hub.place).version;
}

/** The text of a file at a revision. */
function readAt(
  hub: HubClient,
  revision: string,
  file: string,
  signal: AbortSignal | undefined,
): Promise<string> {
  const read: Store['read'] = (path, start) => readFile(hub, revision, { path, start, signal });
  return readText(
    { place: hub.place, read },
    file,
    file === SUMS_FILE ? MAX_SUMS_BYTES : undefined,
  );
}

function isNewRepository(files: ReadonlyMap<string, StoredFile>): boolean {
  return [...files.keys()].every((path) => OF_A_NEW_REPOSITORY.includes(path));
}

function parseNameOf(text: string, { place }: HubClient): string | undefined {
  return text === '' ? undefined : parseReleaseInfo(text, place).name;
}

function misfit({ place }: HubClient, problem: string, fix: string): TransferError {
  return new TransferError(problem, { code: 'other-repository', path: place, fix });
}

/** The commit of a branch or tag; undefined where it, or the repository, does not exist. */
async function findRevision(
  { call, repo, hubUrl, access, fetch }: HubClient,
  revision: string,
): Promise<{ sha: string; private: boolean } | undefined> {
  return call(async () => {
    const fields = { additionalFields: ['sha' as const], hubUrl, fetch, ...access };
    try {
      return await datasetInfo({ name: repo.name, revision, ...fields });
    } catch (error) {
      if (error instanceof HubApiError && error.statusCode === 404) return undefined;
      throw error;
    }
  });
}

/** The files of a commit, with git's digests of them. */
async function listRevision(
  { call, repo, hubUrl, access, fetch }: HubClient,
  revision: string,
): Promise<Map<string, StoredFile>> {
  return call(async () => {
    const files = new Map<string, StoredFile>();
    const entries = listFiles({ repo, hubUrl, fetch, ...access, revision, recursive: true });
    for await (const { type, path, size, oid = '', lfs } of entries) {
      if (type !== 'file') continue;
      if (lfs) files.set(path, { size: lfs.size, digests: [{ kind: 'sha256', hex: lfs.oid }] });
      else files.set(path, { size, digests: [{ kind: 'git-blob', hex: oid }] });
    }
    return files;
  });
}

/** Sends the large files that the Hub does not have, then makes one commit of all files. */
async function commitFiles(
  { repo, hubUrl, access, fetch }: HubClient,
  {
    title,
    head,
    files,
    strays,
    onBytes,
  }: SendOptions & { title: string; head: string; files: LocalFile[]; strays: string[] },
  signal: AbortSignal | undefined,
): Promise<void> {
  const operations: CommitOperation[] = [
    ...strays.map((path) => ({ operation: 'delete' as const, path })),
    ...files.map(({ path, file }) => ({
      operation: 'addOrUpdate' as const,
      path,
      content: pathToFileURL(file),
    })),
  ];
  const left = new Map(files.map(({ path, size }) => [path, size]));
  const steps = commitIter({
    repo,
    hubUrl,
    fetch,
    ...access,
    operations,
    title,
    ...(head !== '' && { parentCommit: head }),
    useXet: false, // so that the Hub names large files by SHA-256
    ...(signal && { abortSignal: signal }),
  });
  for await (const step of steps) {
    if (step.event !== 'fileProgress' || step.state !== 'uploading' || step.progress < 1) continue;
    onBytes(left.get(step.path) ?? 0);
    left.delete(step.path);
  }
  for (const size of left.values()) onBytes(size);
}

/**
 * Sets a tag: the one call that the official client lacks.
 * @returns false where the tag exists; it is not moved
 */
async function createTag(
  { call, repo, hubUrl, access, fetch }: HubClient,
  commit: string,
  tag: string,
): Promise<boolean> {
  return call(async () => {
    const url = `${hubUrl}/api/datasets/${repo.name}/tag/${commit}`;
    const { ok, status } = await fetch(url, {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${access.accessToken ?? ''}`,
        'Content-Type': 'application/json',
      },
      body: JSON.stringify({ tag }),
    });
    if (!ok && status !== 409) throw new HubApiError(url, status);
    return ok;
  });
}

/** The bytes of a file at a revision, from a place in it on. */
function readFile(
  hub: HubClient,
  revision: string,
  { path, start, signal }: { path: string; start: number; signal: AbortSignal | undefined },
): AsyncIterable<Uint8Array> {
  return readResuming((at) => openFile(hub, revision, path, at), start, signal);
}

async function* openFile(
  { repo, hubUrl, access, fetch, explain, place }: HubClient,
  revision: string,
  path: string,
  start: number,
): AsyncGenerator<Uint8Array> {
  let failure: unknown;
  const watched: typeof fetch = async (...args) => {
    try {
      const response = await fetch(...args);
      if (!response.ok) failure = new HubApiError(response.url, response.status);
      return response;
    } catch (error) {
      failure = error; // the client's stream keeps only its message
      throw error;
    }
  };
  try {
    const encoded = path.split('/').map(encodeURIComponent).join('/');
    const call = { repo, hubUrl, ...access, fetch: watched, revision, path: encoded, xet: false };
    const blob = await downloadFile(call);
    if (blob === null) throw new HubApiError(place, 404);
    const rest = start > 0 ? blob.slice(start, blob.size) : blob;
    for await (const piece of rest.stream()) yield piece as Uint8Array;
  } catch (error) {
    if (failure !== undefined) throw new FailedRequest(explain(failure));
    throw explain(error);
  }
}
