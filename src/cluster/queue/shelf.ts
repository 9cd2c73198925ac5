/** What costs time to open: threads, a pool. */
interface Closable {
  close(): Promise<void>;
}

/** Keeps for the next piece of a stage what the piece before it has opened. */
export interface Shelf {
  /**
   * Works with what is kept under a key, or else is opened; several pieces may have it at once. What
   * pieces of another stage opened is closed, and what a piece failed with is opened again.
   */
  use<T extends Closable, R>(
    key: string,
    open: () => Promise<T>,
    work: (opened: T) => Promise<R>,
  ): Promise<R>;
  close(): Promise<void>;
}

interface Kept {
  opened: Promise<Closable>;
  users: number;
}

export function openShelf(): Shelf {
  const kept = new Map<string, Kept>();
  const dropUnused = async (except?: string): Promise<void> => {
    for (const [key, { opened, users }] of kept) {
      if (key === except || users > 0) continue;
      kept.delete(key);
      await close(opened);
    }
  };
  return {
    async use<T extends Closable, R>(
      key: string,
      open: () => Promise<T>,
      work: (opened: T) => Promise<R>,
    ): Promise<R> {
      const own = kept.get(key) ?? { opened: open(), users: 0 };
      kept.set(key, own);
      own.users += 1;
      try {
        await dropUnused(key);
        return await work((await own.opened) as T);
      } catch (error) {
        if (kept.get(key) === own) kept.delete(key);
        throw error;
      } finally {
        own.users -= 1;
        if (own.users === 0 && kept.get(key) !== own) await close(own.opened);
      }
    },
    close: () => dropUnused(),
  };
}

/** What could not be opened has told so to those who waited for it. */
async function close(opened: Promise<Closable>): Promise<void> {
  await opened.then(
    (one) => one.close(),
    () => undefined,
  );
}
