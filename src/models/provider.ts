/** Where a model runs. */
export const PROVIDERS = ['cpu', 'cuda', 'coreml', 'dml', 'webgpu'] as const;
export type Provider = (typeof PROVIDERS)[number];

/** What may be asked for: `auto` is what `chooseProvider` takes. */
export const PROVIDER_CHOICES = ['auto', ...PROVIDERS] as const;
export type ProviderChoice = (typeof PROVIDER_CHOICES)[number];

/** How to run a model. */
export interface SessionOptions {
  /** Default: cpu. */
  provider?: Provider | undefined;
  /** Threads of one run. Default: one per core. */
  threads?: number | undefined;
}
