import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { HUB_URL, type RepoId } from '@huggingface/hub';
import { PatchmlError, TransferError } from '../errors.js';
import { retry } from '../parallel/retry.js';
import type { StoreOptions } from './store.js';
import {
  explainConnection,
  explainStatus,
  isPassingError,
  isPassingStatus,
  type StoreName,
} from './store-errors.js';

/** What every call of the Hub's client takes, for one repository. */
export interface HubClient {
  place: string;
  repo: RepoId;
  hubUrl: string;
  /** The token, in a field of its own so that it is passed on nowhere else. */
  access: { accessToken?: string };
  fetch: typeof fetch;
  /** Makes a call; its error is explained. */
  call: <T>(work: () => Promise<T>) => Promise<T>;
  explain: (error: unknown) => PatchmlError;
}

const CREDENTIALS = 'set HF_TOKEN to a token with access, or run "hf auth login"';

/** Prepares calls for a dataset's repository on the Hub, with the token of the Hub's own clients. */
export async function connectHub(repo: string, options: StoreOptions): Promise<HubClient> {
  const place = `hf://datasets/${repo}`;
  const store = { place, credentials: CREDENTIALS };
  const accessToken = await findToken();
  requireSendable(accessToken, place);
  const explain = (error: unknown): PatchmlError => explainHub(error, store);
  return {
    place,
    repo: { type: 'dataset', name: repo },
    hubUrl: options.endpoint ?? HUB_URL,
    access: accessToken === undefined ? {} : { accessToken },
    fetch: retryingFetch(store, options.signal),
    explain,
    async call(work) {
      try {
        return await work();
      } catch (error) {
        throw explain(error);
      }
    },
  };
}

/** @throws TransferError `no-access` where there is no token */
export function requireToken({ access, place }: HubClient): string {
  if (access.accessToken !== undefined) return access.accessToken;
  throw new TransferError('no token with write access was found', {
    code: 'no-access',
    path: place,
    fix: CREDENTIALS,
  });
}

/** From HF_TOKEN, or the file in which the Hub's own clients keep it. */
async function findToken(): Promise<string | undefined> {
  const { HF_TOKEN, HF_TOKEN_PATH, HF_HOME, XDG_CACHE_HOME } = process.env;
  if (HF_TOKEN) return HF_TOKEN.trim();
  const home = HF_HOME ?? join(XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'huggingface');
  const text = await readFile(HF_TOKEN_PATH ?? join(home, 'token'), 'utf8').catch(() => '');
  return text.trim() || undefined;
}

/** A header cannot hold such a token, and the client would call that a cut connection. */
function requireSendable(token: string | undefined, place: string): void {
  if (token === undefined || /^[\x21-\x7e]+$/.test(token)) return;
  throw new TransferError('the token contains spaces, line breaks or other invalid characters', {
    code: 'no-access',
    path: place,
    fix: 'set HF_TOKEN again, or log in with "hf auth login"',
  });
}

/** A `fetch` that repeats what may pass; a commit names its parent, so it is made only once. */
function retryingFetch(store: StoreName, signal: AbortSignal | undefined): typeof fetch {
  return (input, init) => {
    const signals = [signal, init?.signal].filter((one) => one !== undefined && one !== null);
    let response: Response | undefined;
    const ask = async (): Promise<Response> => {
      response = undefined;
      try {
        response = await fetch(input, { ...init, signal: AbortSignal.any(signals) });
      } catch (error) {
        throw explainConnection(store, error);
      }
      if (!isPassingStatus(response.status)) return response;
      await response.body?.cancel();
      throw explainStatus(store, response.status);
    };
    return retry(ask, {
      isPassing: (error) => isPassingError(error) && !signals.some(({ aborted }) => aborted),
      retryAfter: () => response?.headers.get('retry-after'),
      signal,
    });
  };
}

/** The error for what the client threw; nothing of the request or the answer is kept in it. */
function explainHub(error: unknown, store: StoreName): PatchmlError {
  if (error instanceof PatchmlError) return error;
  if (typeof error === 'object' && error !== null) {
    if ('statusCode' in error && typeof error.statusCode === 'number') {
      return explainStatus(store, error.statusCode);
    }
    const { name, message } = error as Partial<Error>;
    if (message?.includes("must start with 'hf_'")) return explainStatus(store, 401, 'NoToken');
    if (name === 'SyntaxError' || error.constructor.name === 'InvalidApiResponseFormatError') {
      return new TransferError('the server does not respond like a Hugging Face Hub', {
        code: 'bad-answer',
        path: store.place,
        fix: 'check --endpoint',
      });
    }
  }
  return explainConnection(store, error);
}
