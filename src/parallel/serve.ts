import { types } from 'node:util';
import * as errors from '../errors.js';

/** What a worker sends back: its result, or the error in a form that survives the thread's edge. */
export type WorkerAnswer<Out> = { result: Out } | { error: PackedError };

interface PackedError {
  name: string;
  message: string;
  stack: string | undefined;
  details: Undefined<errors.ErrorDetails>;
}

type Undefined<T> = { [K in keyof T]?: T[K] | undefined };

/** Makes a worker module's default export of a function. */
export function serve<In, Out>(
  work: (input: In) => Promise<Out>,
): (input: In) => Promise<WorkerAnswer<Out>> {
  return async (input) => {
    try {
      return { result: await work(input) };
    } catch (error) {
      return { error: packError(errors.explainError(error)) };
    }
  };
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
