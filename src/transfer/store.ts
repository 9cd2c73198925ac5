import { setMaxListeners } from 'node:events';
import { AbortedError } from '../errors.js';
import { explainError } from '../files/file-errors.js';
import type { OutputKind } from '../files/output-folder.js';

/** How a store is spoken to. */
export interface StoreOptions {
  /**
   * The address of the server, such as `https://s3.example.org`. Default: that of Amazon or Hugging
   * Face. An S3 store that is named so is addressed path-style.
   */
  endpoint?: string | undefined;
  /** Stops the transfer with an `AbortedError`; what was sent or fetched is kept. */
  signal?: AbortSignal | undefined;
}

/**
 * Runs a push or a pull under a signal of its own, with named errors only.
 * @param place named where an error itself names no path
 * @throws AbortedError where the caller's signal is set; else what `work` throws, file-system errors
 * translated
 */
export async function transferring<Options extends StoreOptions, Result>(
  stage: 'push' | 'pull',
  place: string,
  options: Options,
  work: (own: Options) => Promise<Result>,
): Promise<Result> {
  const own = withOwnSignal(options);
  try {
    return await work(own);
  } catch (error) {
    throw own.signal?.aborted ? new AbortedError(stage) : explainError(error, place);
  }
}

/** Gives an opened store to `use`, and closes it. */
export async function usingStore<Result>(
  store: Store,
  use: (store: Store) => Promise<Result>,
): Promise<Result> {
  try {
    return await use(store);
  } finally {
    await store.close();
  }
}

/**
 * The same options with a signal of their own, which follows the caller's: many requests at once
 * listen to it, and the caller's gets neither their listeners nor another limit of them.
 */
function withOwnSignal<Options extends StoreOptions>(options: Options): Options {
  if (options.signal === undefined) return options;
  const signal = AbortSignal.any([options.signal]);
  setMaxListeners(0, signal);
  return { ...options, signal };
}

/** A file of a release, as `SHA256SUMS` lists it. */
export interface ReleaseFile {
  /** Path from the release folder, with `/` between its parts. */
  path: string;
  /** Bytes. */
  size: number;
  /** 64 hex digits. */
  sha256: string;
}

/** A file of a release on this machine. */
export interface LocalFile extends ReleaseFile {
  /** Where it is. */
  file: string;
}

/**
 * A digest that a store computed of a file's content. A SHA-256, or git's digest of a blob (SHA-1),
 * decides whether the content is the same. The others prove that it is where they agree, and prove
 * nothing where they differ: other parts have other digests, and what looks like an MD5 may be none.
 */
export interface Digest {
  kind: 'sha256' | 'git-blob' | 'sha256-of-parts' | 'md5' | 'md5-of-parts';
  hex: string;
}

/** A file in a store. */
export interface StoredFile {
  size: number;
  /** The most reliable first; none where they were not asked for, or the store has none. */
  digests: Digest[];
}

export interface SendOptions {
  /** Called with the bytes of each piece that the store has taken. */
  onBytes: (bytes: number) => void;
}

/**
 * The place of one version of a release in a store: a folder, S3 or the Hub. Until it is marked, a
 * version does not exist for anyone who pulls it. Every method throws a `TransferError`, whose
 * message holds no credentials.
 */
export interface Store {
  /** The address by which `pullRelease` fetches this version; without credentials. */
  readonly place: string;
  /** True where sending `SHA256SUMS` is the mark; false where it is a file like the others. */
  readonly sumsAreTheMark: boolean;
  /** Files that the store itself puts among those of a release. */
  readonly ownFiles: readonly string[];
  /** Whether the version is there and marked. */
  isComplete: () => Promise<boolean>;
  /**
   * Makes ready to send: checks that this place may take the release, creates it where needed, and
   * keeps other releases out.
   */
  prepare: (sums: LocalFile) => Promise<void>;
  /**
   * The files there: those of the version where it is complete, else those that an earlier run sent.
   * @param digests whether the digests are wanted, which cost some stores a request a file
   */
  list: (digests: boolean) => Promise<Map<string, StoredFile>>;
  /**
   * The first of the files that patchml did not put there and must not remove. The push is then
   * refused.
   * @param strays those files of the last `list` that are not of the release
   * @param ours the paths of the release
   */
  findForeign: (strays: string[], ours: ReadonlySet<string>) => Promise<string | undefined>;
  /** Sends files, and removes strays: files that are not of this release and may be removed. */
  put: (files: LocalFile[], strays: string[], options: SendOptions) => Promise<void>;
  /**
   * Marks the version as complete, the last step of a push.
   * @returns false where another run has marked it first, with whatever it sent
   */
  mark: (sums: LocalFile) => Promise<boolean>;
  /** Removes what a push of this release left that was cut off behind its mark. */
  settle?: (sums: LocalFile) => Promise<void>;
  /**
   * The bytes of a file from a place before its end. Where the connection is cut while they arrive,
   * the rest is asked for again.
   */
  read: (path: string, start: number) => AsyncIterable<Uint8Array>;
  close: () => Promise<void>;
}

/** The folder of a version is never put over anything; unfinished, it is looked through by file. */
export const VERSION: OutputKind = {
  what: 'a release',
  code: 'output-exists',
  foreignUnfinished: () => undefined,
};
