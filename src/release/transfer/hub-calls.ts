import { pathToFileURL } from 'node:url';
import {
  type CommitOperation,
  commitIter,
  datasetInfo,
  downloadFile,
  HubApiError,
  listFiles,
} from '@huggingface/hub';
import type { HubClient } from './hub-client.js';
import type { LocalFile, RemoteFile, SendOptions } from './remote.js';

/** What a branch or tag points to; undefined where it, or the repository, is not there. */
export async function findRevision(
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

/** The files of a commit, with the digests by which git has them. */
export async function listRevision(
  { call, repo, hubUrl, access, fetch }: HubClient,
  revision: string,
): Promise<Map<string, RemoteFile>> {
  return call(async () => {
    const files = new Map<string, RemoteFile>();
    const entries = listFiles({ repo, hubUrl, fetch, ...access, revision, recursive: true });
    for await (const { type, path, size, oid = '', lfs } of entries) {
      if (type !== 'file') continue;
      if (lfs) files.set(path, { size: lfs.size, digests: [{ kind: 'sha256', hex: lfs.oid }] });
      else files.set(path, { size, digests: [{ kind: 'git-blob', hex: oid }] });
    }
    return files;
  });
}

/** Sends the large files that the Hub has not, then makes one commit of all. */
export async function commitFiles(
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
    useXet: false, // by which the Hub tells what it has by SHA-256
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
 * Sets a tag, by the one call that the official client lacks.
 * @returns false where the tag is there already; it stays as it is
 */
export async function createTag(
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

/** The bytes of a file at a revision, from a place in it. */
export async function* readFile(
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
      failure = error; // the client's stream tells its message only
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
    throw explain(failure ?? error);
  }
}
