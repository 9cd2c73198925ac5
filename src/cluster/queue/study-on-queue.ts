import { dirname } from 'node:path';
import { EvaluationError, OutputError } from '../../errors.js';
import { explaining } from '../../files/file-errors.js';
import { isWithin, realPlace } from '../../files/folders.js';
import { loadRecipe } from '../../recipe/load.js';
import { pathIn, type Study } from '../../study/load.js';
import type { RunStudyInput, RunStudyOptions, StudyRun } from '../../study/run-study.js';
import {
  LOCK_FILE,
  readStudyResults,
  requireStudyPlace,
  STUDY_FILE,
} from '../../study/study-folder.js';
import { isRemote, type Storage, type StorageOptions } from '../storage.js';
import { coordinate } from './coordinator.js';
import type { JobOf } from './jobs.js';
import { openPlace } from './place.js';
import type { CoordinateOptions } from './run-options.js';
import { placesOf, placesToFetch, ROOT } from './study-paths.js';
import {
  localInStorage,
  localRoot,
  pathInStorage,
  PIECE,
  readFrom,
  shownPath,
} from './user-paths.js';

/**
 * All that the study reads but its file and its recipes, `work` and `out` are of the storage. Where that
 * is in S3, its paths lead there as if the working directory were the root.
 */
export interface StudyOnQueueInput extends RunStudyInput {
  /** The address of Redis: `redis://HOST:PORT`, or `rediss://` for TLS. */
  queue: string;
  /** The storage that the workers have too: a folder that all machines share, or `s3://BUCKET/PREFIX`. */
  root: string;
}

export interface StudyOnQueueOptions
  extends CoordinateOptions, StorageOptions, Pick<RunStudyOptions, 'provider' | 'overwrite'> {
  /** Images of a piece, at most. Default: 1000. */
  piece?: number | undefined;
}

/**
 * Runs a study as `runStudy` does, byte for byte, with the workers of a queue; see `runWorker`. What is
 * done is kept: a run that was interrupted is continued.
 * @throws EvaluationError, RecipeError where the study or a recipe is wrong
 * @throws OutputError where the root is not there, or something else is at the output
 * @throws TransferError where a path leads out of the storage, or the storage cannot be reached
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
    const place = await openPlace(root, options);
    const { storage } = place;
    await (isRemote(storage) ? placesToFetch : placesOf)(study, localRoot(storage));
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
    await requireOutput(storage, job);
    return coordinate(input.queue, place, job, options, async (found) => {
      const failures = found.failures.map(({ set, model, code, message }) => ({
        ...{ set, model },
        error: new EvaluationError(message, { code }),
      }));
      const results = await readFrom(storage, job.out, [STUDY_FILE], readStudyResults);
      const { scored, reused, isUnchanged } = found;
      return { out: shownPath(root, job.out), results, failures, scored, reused, isUnchanged };
    });
  });
}

/**
 * Checks that the output may be written, before any work.
 * @throws OutputError where something else is there, or another study and not to be replaced
 */
async function requireOutput(
  storage: Storage,
  { study: { name }, out, overwrite }: JobOf<'study'>,
): Promise<void> {
  const place = storage.resolve(out);
  if (!isRemote(storage)) return requireStudyPlace(place, name, overwrite);
  if (!(await storage.exists(out))) return;
  if (!(await storage.exists(`${out}/${LOCK_FILE}`))) {
    throw new OutputError('these are not the results of a study', {
      code: 'output-not-study',
      path: place,
      fix: 'choose another output folder, or move or remove what is there',
    });
  }
  await readFrom(storage, out, [LOCK_FILE], (folder) =>
    requireStudyPlace(folder, name, overwrite, place),
  );
}

/** A study with its inputs as the workers find them: below the root, wherever each of them has it. */
async function toJob(
  { path, ...study }: Study,
  storage: Storage,
): Promise<Pick<JobOf<'study'>, 'study' | 'file'>> {
  const inputs: Record<string, string> = {};
  for (const [name, place] of Object.entries(study.inputs)) {
    const isRoot = (await realPlace(place)) === localRoot(storage);
    inputs[name] = isRoot ? ROOT : await localInStorage(storage, place);
  }
  const folder = await realPlace(dirname(path));
  // Where the file lies elsewhere, no path of it that is read starts there.
  const file = isWithin(localRoot(storage), folder)
    ? await localInStorage(storage, path)
    : 'study.yaml';
  return { study: JSON.parse(JSON.stringify({ ...study, inputs })) as typeof study, file };
}
