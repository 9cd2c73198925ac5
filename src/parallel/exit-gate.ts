/**
 * Keeps the process from ending while a thread is in native code that cannot be interrupted:
 * onnxruntime aborts the process when its thread is ended during a call. Threads share a gate by its
 * `shared`.
 */
export class ExitGate {
  readonly #state: Int32Array;

  constructor(readonly shared = new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT)) {
    this.#state = new Int32Array(shared);
  }

  /** Does native work; none is begun once the process is ending. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    Atomics.add(this.#state, INSIDE, 1);
    try {
      if (Atomics.load(this.#state, ENDING) === 1) throw new Error('the process is ending');
      return await work();
    } finally {
      Atomics.sub(this.#state, INSIDE, 1);
      Atomics.notify(this.#state, INSIDE);
    }
  }

  /**
   * For the main thread: from now on the process waits for such work before it ends.
   * @returns what ends that
   */
  hold(): () => void {
    const wait = (): void => {
      Atomics.store(this.#state, ENDING, 1);
      for (let inside; (inside = Atomics.load(this.#state, INSIDE)) > 0;) {
        if (Atomics.wait(this.#state, INSIDE, inside, PATIENCE) === 'timed-out') return;
      }
    };
    process.on('exit', wait);
    return () => process.off('exit', wait);
  }
}

/** What the numbers say: threads that are at such work, and whether the process is ending. */
const [INSIDE, ENDING] = [0, 1];

/** ms; the longest that one piece of work is waited for. */
const PATIENCE = 10_000;
