import type { RetryOptions } from './retry.js';

/** A file of a release, as its `SHA256SUMS` has it. */
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
  /** Where it lies. */
  file: string;
}

/**
 * What a store computed of a file's content. A SHA-256 and git's digest of a blob (SHA-1) decide
 * what the file is. The others prove a file that has the same, and say nothing of one that has not:
 * other parts have other digests, and what looks like an MD5 may be none.
 */
export interface Digest {
  kind: 'sha256' | 'git-blob' | 'sha256-of-parts' | 'md5' | 'md5-of-parts';
  hex: string;
}

/** A file that a store has. */
export interface RemoteFile {
  size: number;
  /** The surest first; none where they were not asked for, or the store has none. */
  digests: Digest[];
}

export interface SendOptions {
  /** Called with the bytes of each piece that the store has taken. */
  onBytes: (bytes: number) => void;
}

/**
 * One version of a release in a store: a folder, S3, or the Hub. Until it is marked, the version
 * is not there for anyone who pulls it. Every method throws a `TransferError`, whose message holds
 * no credentials.
 */
export interface Remote {
  /** What `pullRelease` takes to fetch this version; no credentials in it. */
  readonly place: string;
  /** Whether `SHA256SUMS` is sent by `mark`, or is a file like the others. */
  readonly sumsAreTheMark: boolean;
  /** Files that the store itself puts among those of a release. */
  readonly ownFiles: readonly string[];
  /** Whether the version is there, marked. */
  isWhole: () => Promise<boolean>;
  /**
   * Makes ready to send: checks that this place may take the release, makes it if need be, and
   * keeps other releases from it.
   */
  prepare: (sums: LocalFile) => Promise<void>;
  /**
   * The files there: of the version where it is whole, else what an earlier run has sent.
   * @param digests whether the digests are wanted, which some stores give at a cost
   */
  list: (digests: boolean) => Promise<Map<string, RemoteFile>>;
  /**
   * The first of the files that was not put there by patchml, and may not be removed; the push is
   * refused for it.
   * @param strays files of those that `list` gave last which are not of the release
   * @param ours the paths of the release
   */
  findForeign: (strays: string[], ours: ReadonlySet<string>) => Promise<string | undefined>;
  /** Sends files, and removes strays: removable files that are not of this release. */
  put: (files: LocalFile[], strays: string[], options: SendOptions) => Promise<void>;
  /**
   * Makes the version whole; nothing is sent after that.
   * @returns false where another run made it whole meanwhile, with whatever it sent
   */
  mark: (sums: LocalFile) => Promise<boolean>;
  /** The bytes of a file, from a place in it that is before its end. */
  read: (path: string, start: number) => AsyncIterable<Uint8Array>;
  close: () => Promise<void>;
}

/** The name of a release's folder. */
export function folderName({ name, version }: { name: string; version: string }): string {
  return `${name}-${version}`;
}

/** How a store is spoken to. */
export interface StoreOptions extends RetryOptions {
  /**
   * The server, as in `https://s3.example.org`: default that of Amazon or Hugging Face. An S3
   * store named so is asked path style.
   */
  endpoint?: string | undefined;
  /** Stops the transfer with an `AbortedError`; what was sent or fetched is kept. */
  signal?: AbortSignal | undefined;
}
