import { join, resolve } from 'node:path';
import { TransferError } from '../errors.js';
import { type ReleaseInfo, releaseFolderName } from '../release/release-folder.js';
import { requireOutsideRelease } from '../release/release.js';
import { openFolderStore } from './folder-store.js';
import type { Store, StoreOptions } from './store.js';

/** Opens the place of a version in a store, whether the version is there or not. */
export async function openForPush(
  to: string,
  info: ReleaseInfo,
  options: StoreOptions & { isPrivate?: boolean | undefined },
): Promise<Store> {
  const place = parsePlace(to);
  const checkedOptions = checked(options);
  if (options.isPrivate && place.kind !== 'hub') {
    throw misfit(to, '--private is for hf:// addresses', 'leave it out');
  }
  if (place.kind === 'folder') {
    await requireOutsideRelease(place.path);
    return openFolderStore(join(place.path, releaseFolderName(info)), options.signal);
  }
  if (place.kind === 's3') {
    const prefix = [place.prefix, releaseFolderName(info)].filter(Boolean).join('/');
    const { openS3Store } = await import('./s3-store.js'); // slow to load
    return openS3Store({ bucket: place.bucket, prefix }, checkedOptions);
  }
  const tag = `v${info.version}`;
  if (place.revision !== undefined && place.revision !== tag) {
    throw misfit(to, `this release is version ${info.version}`, `leave out @${place.revision}`);
  }
  const { isPrivate } = options;
  const { openHubStore } = await import('./hub-store.js');
  return openHubStore({ repo: place.repo, tag, name: info.name, isPrivate }, checkedOptions);
}

/** Opens a version in a store by the address that `pushRelease` returned. */
export async function openForPull(
  from: string,
  options: StoreOptions & { version?: string | undefined },
): Promise<Store> {
  const place = parsePlace(from);
  const checkedOptions = checked(options);
  const { version, signal } = options;
  if (version !== undefined && (place.kind !== 'hub' || place.revision !== undefined)) {
    throw misfit(from, 'this address already names the version', 'leave out --version');
  }
  if (place.kind === 'folder') return openFolderStore(place.path, signal);
  if (place.kind === 's3') {
    const { openS3Store } = await import('./s3-store.js');
    if (place.prefix !== '') return openS3Store(place, checkedOptions);
    throw misfit(
      from,
      'this is a bucket, not a release in it',
      'add the name of the release, such as s3://BUCKET/NAME-1.0.0',
    );
  }
  const { repo, revision } = place;
  const { findHubVersion, openHubStore } = await import('./hub-store.js');
  const tag = revision ?? `v${version ?? (await findHubVersion(repo, checkedOptions))}`;
  return openHubStore({ repo, tag }, checkedOptions);
}

function checked<Options extends StoreOptions>(options: Options): Options {
  return { ...options, endpoint: requireEndpoint(options.endpoint) };
}

function misfit(path: string, problem: string, fix: string): TransferError {
  return new TransferError(problem, { code: 'bad-address', path, fix });
}

/** Where releases are kept. */
type Place =
  | { kind: 'folder'; path: string }
  | { kind: 's3'; bucket: string; prefix: string }
  /** @param revision the tag, where the address names one */
  | { kind: 'hub'; repo: string; revision: string | undefined };

/**
 * Reads an address: `hf://datasets/USER/NAME[@TAG]`, `s3://BUCKET/PREFIX`, or a folder.
 * @throws TransferError `bad-address`
 */
export function parsePlace(address: string): Place {
  const [, scheme, rest = ''] = /^([a-z][a-z0-9+.-]+):\/\/(.*)$/i.exec(address) ?? [];
  if (scheme === undefined) {
    if (address !== '') return { kind: 'folder', path: resolve(address) };
  } else if (scheme === 'hf') {
    const [, repo, revision] =
      /^datasets\/(\w[\w.-]*\/\w[\w.-]*?)\/?(?:@([\w.+-]+))?$/.exec(rest) ?? [];
    if (repo !== undefined) return { kind: 'hub', repo, revision };
  } else if (scheme === 's3') {
    const [, bucket, prefix] = /^([a-z0-9][a-z0-9.-]+)(?:\/(.*?))?\/?$/.exec(rest) ?? [];
    const isPlain = (prefix ?? '').split('/').every((part) => part !== '..' && part !== '.');
    if (bucket !== undefined && isPlain) return { kind: 's3', bucket, prefix: prefix ?? '' };
  }
  throw new TransferError('this is not a release address', {
    code: 'bad-address',
    // the text before an @ may be a password
    path: address.replace(/\/\/[^/]*@/, '//***@'),
    fix: 'pass hf://datasets/USER/NAME, s3://BUCKET/PREFIX or a folder',
  });
}

/**
 * Checks the address of a store's server.
 * @returns it without a slash at its end
 * @throws TransferError `bad-endpoint`
 */
export function requireEndpoint(endpoint: string | undefined): string | undefined {
  if (endpoint === undefined) return undefined;
  if (URL.canParse(endpoint)) {
    const { protocol, username, password, search, hash } = new URL(endpoint);
    const isPlain = [username, password, search, hash].every((part) => part === '');
    if (/^https?:$/.test(protocol) && isPlain) return endpoint.replace(/\/+$/, '');
  }
  throw new TransferError('--endpoint takes the address of a server, without credentials', {
    code: 'bad-endpoint',
    fix: 'pass one such as https://s3.example.org',
  });
}
