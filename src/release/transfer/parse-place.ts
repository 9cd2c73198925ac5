import { resolve } from 'node:path';
import { TransferError } from '../../errors.js';

/** Where releases are kept. */
export type Place =
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
  throw new TransferError('this is no address of releases', {
    code: 'bad-address',
    // what stands before an @ may be a password
    path: address.replace(/\/\/[^/]*@/, '//***@'),
    fix: 'name hf://datasets/USER/NAME, s3://BUCKET/PREFIX or a folder',
  });
}

/**
 * Checks the address of a store's server.
 * @returns it without a slash at its end
 * @throws TransferError `bad-endpoint`
 */
export function requireEndpoint(endpoint: string): string {
  if (URL.canParse(endpoint)) {
    const { protocol, username, password, search, hash } = new URL(endpoint);
    const isPlain = [username, password, search, hash].every((part) => part === '');
    if (/^https?:$/.test(protocol) && isPlain) return endpoint.replace(/\/+$/, '');
  }
  throw new TransferError('--endpoint takes the address of a server, with no credentials in it', {
    code: 'bad-endpoint',
    fix: 'name it as in https://s3.example.org',
  });
}
