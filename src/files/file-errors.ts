import { types } from 'node:util';
import { type ErrorCode, OutputError, PatchmlError } from '../errors.js';

const { isNativeError } = types;

const FILE_SYSTEM_PROBLEMS: Partial<Record<ErrorCode, [problem: string, fix: string]>> = {
  enospc: ['the disk is full', 'free some space and run the same command again to resume'],
  edquot: ['the disk quota is used up', 'free some space and run the same command again to resume'],
  eacces: ['permission denied', 'check its owner and permissions'],
  eperm: ['operation not permitted', 'check its owner and permissions'],
  erofs: ['the file system is read-only', 'write to another folder'],
  enotdir: ['a part of this path is a file, not a folder', 'choose another folder'],
  eisdir: ['this is a folder, not a file', 'pass a file, not a folder'],
  emfile: ['too many open files', 'raise the limit (ulimit -n) or lower --jobs'],
  eloop: ['too many levels of symbolic links', 'check the links'],
  enametoolong: ['this name is too long for the file system', 'use a shorter one'],
  enfile: ['the system has too many open files', 'close other programs or lower --jobs'],
  enoent: ['no such file or folder', 'check the path'],
};

/**
 * Turns a file-system error into a {@link PatchmlError}; returns any other error as it is.
 * @param place named where the error itself names no path
 */
export function explainError(error: unknown, place?: string): unknown {
  if (error instanceof PatchmlError || !isError(error)) return error;
  const {
    code: given,
    path,
    syscall,
  } = error as Omit<NodeJS.ErrnoException, 'code'> & {
    code?: unknown;
  };
  const named = typeof given === 'string' ? given : ''; // a DOMException has a number
  const systemCode = codeOfThread(named, error.message) ?? named;
  if (systemCode === 'ERR_INVALID_ARG_VALUE' && error.message.includes('null bytes')) {
    const fix = 'check the path';
    return new OutputError('a path cannot contain a null byte', {
      code: 'enoent',
      path: place,
      fix,
      cause: error,
    });
  }
  const code = systemCode.toLowerCase() as ErrorCode;
  const known = FILE_SYSTEM_PROBLEMS[code];
  if (known !== undefined) {
    const [problem, fix] = known;
    return new OutputError(problem, { code, path: path ?? place, fix, cause: error });
  }
  if (path === undefined || syscall === undefined) return error; // not of the file system
  return new OutputError(`the file system answered ${systemCode} to ${syscall}`, {
    code: 'file-system',
    path,
    fix: 'check the disk, and run the same command again',
    cause: error,
  });
}

/** Also one of another realm, and one that Node has put together again from another thread's. */
function isError(error: unknown): error is Error {
  return isNativeError(error) || error instanceof Error;
}

/**
 * The code of an error that ended a thread, which keeps it in its message alone: `Worker
 * initialization failure: EMFILE`, or `EMFILE: too many open files, open '...'` of a module.
 */
function codeOfThread(code: string, message: string): string | undefined {
  if (code === 'ERR_WORKER_INIT_FAILED') return /\bE[A-Z]+$/.exec(message)?.[0];
  return code === '' ? /^(E[A-Z]+): [^,]+, [a-z]+\b/.exec(message)?.[1] : undefined;
}

/**
 * Runs work; what the file system fails with is thrown as a {@link PatchmlError}.
 * @param place named where the error itself names no path
 */
export async function explaining<T>(work: () => Promise<T>, place?: string): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw explainError(error, place);
  }
}
