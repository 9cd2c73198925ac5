import { readFile } from 'node:fs/promises';
import type { StageOptions } from '../progress.js';
import type { EvaluationSetInput } from '../sets/open-set.js';
import type { Overview } from './answers.js';
import { type Collections, openCollections } from './collections.js';

/** What to view. */
export interface ViewInput {
  /**
   * Datasets, pools, scores, studies and releases, or folders that hold some. Nothing outside of
   * them is shown.
   */
  paths: readonly string[];
  /** Other sets that the scores are of: images with labels. Default: none. */
  sets?: readonly EvaluationSetInput[] | undefined;
}

/** How to view it. */
export interface ViewOptions extends Pick<StageOptions, 'signal' | 'onProgress'> {
  /** The port, 1 to 65535. Default: 7460, or where that is taken any free one. */
  port?: number | undefined;
}

/** A viewer that runs until it is closed. */
export interface Viewer {
  /** What to open in a browser on this machine; it holds the secret that the viewer asks for. */
  address: string;
  port: number;
  overview: Overview;
  /** Stops answering. */
  close: () => Promise<void>;
}

/**
 * Serves what patchml has written as a page for a browser, on 127.0.0.1 alone. It writes nothing:
 * thumbnails are kept in memory.
 * @throws PatchmlError where a path holds nothing to view, or is broken: `view-nothing`,
 * `view-too-large`, `view-outside`, and what reading the folder throws
 * @throws OutputError `port-taken`, `port-refused`; AbortedError
 */
export async function startViewer(input: ViewInput, options: ViewOptions = {}): Promise<Viewer> {
  const collections = await openCollections(input.paths, input.sets ?? [], options);
  try {
    return await serve(collections, options.port);
  } catch (error) {
    await collections.close();
    throw error;
  }
}

async function serve(collections: Collections, port: number | undefined): Promise<Viewer> {
  const [{ serveAlone }, { viewerApp }] = await Promise.all([
    import('./door.js'),
    import('./server.js'),
  ]);
  const page = await readFile(new URL('../../web/view.html', import.meta.url), 'utf8');
  const served = await serveAlone(port, (door) => viewerApp(collections, page, door));
  return {
    ...served,
    overview: collections.overview,
    async close() {
      await served.close();
      await collections.close();
    },
  };
}
