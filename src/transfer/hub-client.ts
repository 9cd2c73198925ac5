import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { HUB_URL, type RepoId } from '@huggingface/hub';
import { PatchmlError, TransferError } from '../errors.js';
import {
  type Again,
  explainConnection,
  explainStatus,
  isPassing,
  retryPolicy,
  type StoreName,
} from './retry.js';
import type { StoreOptions } from './store.js';

/** What every call of the Hub's client takes, for one repository. */
export interface HubClient {
  place: string;
  repo: RepoId;
  hubUrl: string;
  /** The token, in a field of its own so that it goes nowhere else. */
  access: { accessToken?: string };
  fetch: typeof fetch;
  /** Makes a call; its error is explained. */
  call: <T>(work: () => Promise<T>) => Promise<T>;
  explain: (error: unknown) => PatchmlError;
}

const CREDENTIALS = 'set HF_TOKEN to a token that may do this, or run "hf auth login"';

/** Makes ready to speak to the Hub of a data set, with the token that its other clients use. */
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
    fetch: persistent(store, retryPolicy(options, options.signal), options.signal),
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
  throw new TransferError('there is no token to write with', {
    code: 'no-access',
    path: place,
    fix: CREDENTIALS,
  });
}

/** From HF_TOKEN, or the file in which the Hub's clients keep it. */
async function findToken(): Promise<string | undefined> {
  const { HF_TOKEN, HF_TOKEN_PATH, HF_HOME, XDG_CACHE_HOME } = process.env;
  if (HF_TOKEN) return HF_TOKEN.trim();
  const home = HF_HOME ?? join(XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'huggingface');
  const text = await readFile(HF_TOKEN_PATH ?? join(home, 'token'), 'utf8').catch(() => '');
  return text.trim() || undefined;
}

/** What cannot stand in a header would be told as a connection that was cut. */
function requireSendable(token: string | undefined, place: string): void {
  if (token === undefined || /^[\x21-\x7e]+$/.test(token)) return;
  throw new TransferError('the token holds spaces, line breaks or letters that no token has', {
    code: 'no-access',
    path: place,
    fix: 'set HF_TOKEN again, or log in with "hf auth login"',
  });
}

/** A `fetch` that asks again where that may help; a commit names its parent, so is made once. */
function persistent(
  store: StoreName,
  tryAgain: Again,
  signal: AbortSignal | undefined,
): typeof fetch {
  return async (input, init) => {
    const signals = [signal, init?.signal].filter((one) => one !== undefined && one !== null);
    for (let failed = 1; ; failed += 1) {
      try {
        const response = await fetch(input, { ...init, signal: AbortSignal.any(signals) });
        const retryAfter = response.headers.get('retry-after');
        if (!isPassing(response.status) || !(await tryAgain(failed, retryAfter))) return response;
        await response.body?.cancel();
      } catch (error) {
        const problem = explainConnection(store, error);
        const isOver = signals.some(({ aborted }) => aborted);
        if (isOver || problem.code !== 'connection-cut' || !(await tryAgain(failed))) throw problem;
      }
    }
  };
}

/** The error for what the client threw; nothing that it was sent, or sent, is kept. */
function explainHub(error: unknown, store: StoreName): PatchmlError {
  if (error instanceof PatchmlError) return error;
  if (typeof error === 'object' && error !== null) {
    if ('statusCode' in error && typeof error.statusCode === 'number') {
      return explainStatus(store, error.statusCode);
    }
    const { name, message } = error as Partial<Error>;
    if (message?.includes("must start with 'hf_'")) return explainStatus(store, 401, 'NoToken');
    if (name === 'SyntaxError' || error.constructor.name === 'InvalidApiResponseFormatError') {
      return new TransferError('the answer is not that of a Hub', {
        code: 'bad-answer',
        path: store.place,
        fix: 'check --endpoint',
      });
    }
  }
  return explainConnection(store, error);
}
