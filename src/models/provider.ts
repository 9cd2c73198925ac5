/** Where a model runs. */
export const PROVIDERS = ['cpu', 'cuda', 'coreml', 'dml', 'webgpu'] as const;
export type Provider = (typeof PROVIDERS)[number];

/** How to run a model. */
export interface SessionOptions {
  /** Default: cpu. */
  provider?: Provider | undefined;
  /** Threads of one run. Default: one per core. */
  threads?: number | undefined;
}
