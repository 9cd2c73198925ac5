import type { Finding } from '../dataset/verify-dataset.js';
import { explainError, PatchmlError } from '../errors.js';

/**
 * The findings of a check; one that cannot be made is a finding itself.
 * @param file what the finding is then of
 */
export async function attempt(file: string, check: () => Promise<Finding[]>): Promise<Finding[]> {
  try {
    return await check();
  } catch (error) {
    const problem = explainError(error);
    if (!(problem instanceof PatchmlError) || problem.code === 'aborted') throw error;
    return [{ problem: 'invalid', file, detail: problem.message }];
  }
}
