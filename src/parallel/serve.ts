import { setImmediate as turn } from 'node:timers/promises';
import { types } from 'node:util';
import * as errors from '../errors.js';
import { explainError } from '../files/file-errors.js';

// The worker's side of workers.ts: every worker loads this file and pays for what it imports.

/**
 * Makes a worker module's default export of a function.
 * @param moved the buffers of a result that are handed over instead of copied
 */
export function serve<In, Out>(
  work: (input: In) => Promise<Out>,
  moved?: (result: Out) => ArrayBuffer[],
): (input: In) => Promise<WorkerAnswer<Out>> {
  return async (input) => {
    try {
      const answer = { result: await work(input) };
      // Native modules free memory in a turn of the event loop, which a busy thread may never take.
      await turn();
      return moved === undefined ? answer : await handOver(answer, moved(answer.result));
    } catch (error) {
      return failure(error);
    }
  };
}

/** What a worker sends back: its result, or the error in a form that survives the thread's edge. */
export type WorkerAnswer<Out> = { result: Out } | { error: PackedError };

interface PackedError {
  name: string;
  message: string;
  stack: string | undefined;
  details: Undefined<errors.ErrorDetails>;
}

type Undefined<T> = { [K in keyof T]?: T[K] | undefined };

/** What a worker sends back where it failed, its own start included. */
export function failure(error: unknown): WorkerAnswer<never> {
  return { error: packError(explainError(error)) };
}

async function handOver<T extends object>(answer: T, buffers: ArrayBuffer[]): Promise<T> {
  const piscina = await import('piscina');
  // Piscina sends what is under these names; its own type says that the thread gets `answer`.
  return piscina.move({
    [piscina.valueSymbol]: answer,
    [piscina.transferableSymbol]: buffers,
  }) as unknown as T;
}

/** The result in a worker's answer. @throws the worker's error, as its own class. */
export function unpackAnswer<Out>(answer: WorkerAnswer<Out>): Out {
  if ('result' in answer) return answer.result;
  throw unpackError(answer.error);
}

function packError(error: unknown): PackedError {
  if (!types.isNativeError(error)) {
    return { name: 'Error', message: String(error), stack: undefined, details: {} };
  }
  const { name, message, stack } = error;
  const { code, path, place, fix } = error as Error & Undefined<errors.ErrorDetails>;
  return { name, message, stack, details: { code, path, place, fix } };
}

function unpackError(packed: PackedError): Error {
  const known = (errors as unknown as Record<string, { prototype: object } | undefined>)[
    packed.name
  ];
  const error = Object.create(known?.prototype ?? Error.prototype) as Error;
  const fields = { name: packed.name, message: packed.message, stack: packed.stack };
  return Object.assign(error, fields, packed.details);
}
