import { join } from 'node:path';
import { TransferError } from '../../errors.js';
import { openFolderRemote } from './folder-remote.js';
import { requireOutsideRelease } from '../release-place.js';
import { parsePlace, requireEndpoint } from './parse-place.js';
import type { ReleaseInfo } from './release-info.js';
import { folderName, type Remote } from './remote.js';
import type { StoreOptions } from './store-options.js';

/** Opens the place that this version has, or is to have, in a store. */
export async function openForPush(
  to: string,
  info: ReleaseInfo,
  options: StoreOptions & { isPrivate?: boolean | undefined },
): Promise<Remote> {
  const place = parsePlace(to);
  const store = checked(options);
  if (options.isPrivate && place.kind !== 'hub') {
    throw misfit(to, '--private is for hf:// places', 'leave it out');
  }
  if (place.kind === 'folder') {
    await requireOutsideRelease(place.path);
    return openFolderRemote(join(place.path, folderName(info)), options.signal);
  }
  if (place.kind === 's3') {
    const prefix = [place.prefix, folderName(info)].filter(Boolean).join('/');
    const { openS3Remote } = await import('./s3-remote.js'); // slow to load
    return openS3Remote({ bucket: place.bucket, prefix }, store);
  }
  const tag = `v${info.version}`;
  if (place.revision !== undefined && place.revision !== tag) {
    throw misfit(to, `this release is version ${info.version}`, `leave out @${place.revision}`);
  }
  const { isPrivate } = options;
  const { openHubRemote } = await import('./hub-remote.js');
  return openHubRemote({ repo: place.repo, tag, name: info.name, isPrivate }, store);
}

/** Opens a version in a store, by the address that `pushRelease` returned. */
export async function openForPull(
  from: string,
  options: StoreOptions & { version?: string | undefined },
): Promise<Remote> {
  const place = parsePlace(from);
  const store = checked(options);
  const { version, signal } = options;
  if (version !== undefined && (place.kind !== 'hub' || place.revision !== undefined)) {
    throw misfit(from, 'this address names the version', 'leave out --version');
  }
  if (place.kind === 'folder') return openFolderRemote(place.path, signal);
  if (place.kind === 's3') {
    const { openS3Remote } = await import('./s3-remote.js');
    if (place.prefix !== '') return openS3Remote(place, store);
    throw misfit(from, 'this is a bucket', 'name the release in it, as in s3://BUCKET/NAME-1.0.0');
  }
  const { repo, revision } = place;
  const { findHubVersion, openHubRemote } = await import('./hub-remote.js');
  const tag = revision ?? `v${version ?? (await findHubVersion(repo, store))}`;
  return openHubRemote({ repo, tag }, store);
}

function checked<Options extends StoreOptions>(options: Options): Options {
  const { endpoint } = options;
  return { ...options, endpoint: endpoint === undefined ? undefined : requireEndpoint(endpoint) };
}

function misfit(path: string, problem: string, fix: string): TransferError {
  return new TransferError(problem, { code: 'bad-address', path, fix });
}
