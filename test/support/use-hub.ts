import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach } from '@jest/globals';
import { type Pulled, type PullOptions, pullRelease } from '../../src/transfer/pull.js';
import { type Pushed, type PushOptions, pushRelease } from '../../src/transfer/push.js';
import {
  type Fault,
  type FaultyProxy,
  type SeenRequest,
  startFaultyProxy,
} from './faulty-proxy.js';
import { HUB_TOKEN, type HubState, startHubServer } from './hub-server.js';
import { temporaryFolder } from './unit-folder.js';
import { useRetryWaits, withEnvironment } from './unit-transfer.js';

/** What the tests of a file do with a Hub: it is empty before each. */
export interface HubInTests {
  faults: Fault[];
  state: () => HubState;
  url: () => string;
  push: (release: string, options?: PushOptions) => Promise<Pushed>;
  pull: (out?: string, version?: string, options?: PullOptions) => Promise<Pulled>;
  seen: (which: (request: SeenRequest) => boolean) => SeenRequest[];
  forget: () => void;
  /** The waits before attempts, ms; none is waited for. */
  waits: () => number[];
}

/** The place of the tests' releases. */
export const REPO = 'hf://datasets/someone/shapes';

/** A Hub behind a proxy that fails as asked, started before the tests of a file. */
export interface StartedHub {
  faults: Fault[];
  state: () => HubState;
  proxy: () => FaultyProxy;
}

/** Starts a Hub before the tests of a file, empties it before each, and stops it after them. */
export function startHubForTests(): StartedHub {
  const faults: Fault[] = [];
  let hub: Awaited<ReturnType<typeof startHubServer>>;
  let proxy: FaultyProxy;
  beforeAll(async () => {
    hub = await startHubServer();
    proxy = await startFaultyProxy(hub.port, faults);
  });
  afterAll(async () => {
    await proxy.close();
    await hub.close();
  });
  beforeEach(() => {
    for (const list of [faults, proxy.seen]) list.splice(0);
    for (const map of Object.values(hub.state)) (map as Map<string, unknown>).clear();
  });
  return { faults, state: () => hub.state, proxy: () => proxy };
}

/** A Hub for the tests of a file, with the library's push and pull to it. */
export function useHub(): HubInTests {
  withEnvironment({ HF_TOKEN: HUB_TOKEN, HF_TOKEN_PATH: join(tmpdir(), 'no-such-token') });
  const waits = useRetryWaits();
  const { faults, state, proxy } = startHubForTests();
  return {
    faults,
    state,
    url: () => proxy().url,
    push: (release, options) =>
      pushRelease({ release, to: REPO }, { endpoint: proxy().url, ...options }),
    pull: (out = temporaryFolder(), version, options) =>
      pullRelease({ from: REPO, out }, { endpoint: proxy().url, version, ...options }),
    seen: (which) => proxy().seen.filter(which),
    forget: () => proxy().seen.splice(0),
    waits: () => waits,
  };
}
