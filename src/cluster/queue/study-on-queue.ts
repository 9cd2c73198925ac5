import { dirname } from 'node:path';
import { EvaluationError, QueueError } from '../../errors.js';
import { explaining } from '../../files/file-errors.js';
import { isWithin, realPlace } from '../../files/folders.js';
import { loadRecipe } from '../../recipe/load.js';
import { pathIn, type Study } from '../../study/load.js';
import type { RunStudyInput, RunStudyOptions, StudyRun } from '../../study/run-study.js';
import { readStudyResults, requireStudyPlace, STUDY_FILE } from '../../study/study-folder.js';
import { isRemote, type Storage } from '../storage.js';
import { connectQueue } from './connection.js';
import { coordinate } from './coordinator.js';
import type { JobOf } from './jobs.js';
import { openPlace } from './place.js';
import type { CoordinateOptions } from './run-options.js';
import { removeScratchOf } from './scratch.js';
import { requireWithinRoot, ROOT } from './study-paths.js';
import { modelInStorage, pathInStorage, PIECE, readFrom, shownPath } from './user-paths.js';

/** All that the study reads but its file and its recipes, `work` and `out` are of the storage. */
export interface StudyOnQueueInput extends RunStudyInput {
  /** The address of Redis: `redis://HOST:PORT`, or `rediss://` for TLS. */
  queue: string;
  /** The storage that the workers have too: a folder that all machines share. */
  root: string;
}

export interface StudyOnQueueOptions
  extends CoordinateOptions, Pick<RunStudyOptions, 'provider' | 'overwrite'> {
  /** Images of a piece, at most. Default: 1000. */
  piece?: number | undefined;
}

/**
 * Runs a study as `runStudy` does, byte for byte, with the workers of a queue; see `runWorker`. What is
 * done is kept: a run that was interrupted is continued.
 * @throws EvaluationError, RecipeError where the study or a recipe is wrong
 * @throws OutputError where the root is not there, or something else is at the output
 * @throws TransferError where a path leads out of the storage
 * @throws QueueError `queue-address`, `queue-library-missing`, `queue-unreachable`, `queue-run-refused`,
 * `queue-run-cancelled`, and `queue-piece-failed` with the reason
 * @throws AbortedError: the run goes on, and the same call waits for it
 */
export function studyOnQueue(
  input: StudyOnQueueInput,
  { provider = 'cpu', overwrite = false, piece = PIECE, ...options }: StudyOnQueueOptions = {},
): Promise<StudyRun> {
  return explaining(async () => {
    const { study, root } = input;
    const { storage, versions } = await openPlace(root);
    if (isRemote(storage)) {
      throw new QueueError('a study needs a folder that all machines share', {
        code: 'queue-run-refused',
        path: storage.root,
        fix: 'evaluate its models with "patchml evaluate --queue", which takes S3',
      });
    }
    await requireWithinRoot(study, storage.root);
    const { sets } = study;
    const job: JobOf<'study'> = {
      command: 'study',
      ...(await toJob(study, storage)),
      recipes: Object.fromEntries(
        await Promise.all(
          Object.entries(sets).flatMap(([name, { recipe, overrides }]) =>
            recipe === undefined
              ? []
              : [
                  loadRecipe(pathIn(study, recipe).path, overrides).then(
                    (it) => [name, it] as const,
                  ),
                ],
          ),
        ),
      ),
      out: await pathInStorage(storage, root, input.out),
      work: await pathInStorage(storage, root, input.work),
      ...{ provider, overwrite, piece },
    };
    await requireStudyPlace(storage.resolve(job.out), study.name, overwrite);
    const connection = await connectQueue(input.queue, options.onNote);
    try {
      const found = await coordinate<'study'>(connection, versions, job, options);
      await removeScratchOf(job.out, storage);
      const failures = found.failures.map(({ set, model, code, message }) => ({
        ...{ set, model },
        error: new EvaluationError(message, { code }),
      }));
      const results = await readFrom(storage, job.out, [STUDY_FILE], readStudyResults);
      const { scored, reused, isUnchanged } = found;
      return { out: shownPath(root, job.out), results, failures, scored, reused, isUnchanged };
    } finally {
      connection.close();
    }
  });
}

/** A study with its inputs as the workers find them: below the root, wherever each of them has it. */
async function toJob(
  { path, ...study }: Study,
  storage: Storage,
): Promise<Pick<JobOf<'study'>, 'study' | 'file'>> {
  const inputs: Record<string, string> = {};
  for (const [name, place] of Object.entries(study.inputs)) {
    const isRoot = (await realPlace(place)) === storage.root;
    inputs[name] = isRoot ? ROOT : await modelInStorage(storage, place);
  }
  const folder = await realPlace(dirname(path));
  // Where the file lies elsewhere, no path of it that is read starts there.
  const file = isWithin(storage.root, folder) ? await modelInStorage(storage, path) : 'study.yaml';
  return { study: JSON.parse(JSON.stringify({ ...study, inputs })) as typeof study, file };
}
