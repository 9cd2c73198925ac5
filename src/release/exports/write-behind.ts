/** Writes one thing while the next is made: never more than one is on its way. */
export interface WriteBehind<Item> {
  /** Starts to write an item once the one before is written. @throws what that one's write threw */
  next(item: Item): Promise<void>;
  /** Waits for the last. */
  end(): Promise<void>;
}

export function writeBehind<Item>(write: (item: Item) => Promise<void>): WriteBehind<Item> {
  let writing = Promise.resolve();
  return {
    async next(item) {
      await writing;
      writing = write(item);
      writing.catch(() => undefined); // thrown by the next call, or by the end
    },
    end: () => writing,
  };
}
