import { join } from 'node:path';
import type { Argv, CommandModule, InferredOptionTypes } from 'yargs';
import type { StudyPart } from '../cluster/study-parts.js';
import type { ProviderChoice } from '../models/provider.js';
import type { PlannedStep, StudyAction, StudyPlan } from '../study/estimate.js';
import type { StudyFailure } from '../study/failure.js';
import type { RunStudyInput, RunStudyOptions, StudyRun } from '../study/run-study.js';
import { countOf, countText, toTerminalTable } from '../text.js';
import {
  examples,
  INPUTS,
  providerFlag,
  providerOf,
  queueFlags,
  type QueueFlags,
  requireForQueue,
  requireGiven,
  requireOneProvider,
  shardFlag,
  type ShardFlag,
  shardOf,
  shared,
} from './flags.js';
import { type Outcome, run, silenceSdk, type Tools, UsageError } from './run.js';

const studyFlags = {
  input: {
    type: 'array',
    string: true,
    group: INPUTS,
    describe: 'Where an input of the study is, as name=path; may be given several times',
  },
  out: {
    ...shared.out,
    describe: 'Folder of the results',
    defaultDescription: 'output/studies/<name>',
  },
  work: {
    ...shared.work,
    describe: 'Folder for datasets, predictions and scores, which later runs reuse',
  },
  overwrite: { ...shared.overwrite, describe: 'Replace the results of another study at --out' },
  jobs: shared.jobs,
  quiet: shared.quiet,
  json: { ...shared.json, describe: 'Print study.json, with what was done' },
} as const;

const dryRunFlag = {
  type: 'boolean',
  default: false,
  describe: 'Say what would be done and how long it would take, and write nothing',
} as const;

type StudyFlags = InferredOptionTypes<typeof studyFlags> & {
  file: string;
  provider: ProviderChoice;
};

type WholeFlags = StudyFlags & ShardFlag & QueueFlags & { 'dry-run': boolean };

export const studyCommand: CommandModule<object, WholeFlags> = {
  command: 'study [file]',
  describe: 'Run a study: many models on several sets, with tables, figures and a report',
  builder: async (args) =>
    (await withStudyFlags(args))
      .options({ 'dry-run': dryRunFlag, shard: shardFlag, ...queueFlags })
      .epilogue(
        examples(
          ['What a study would do', 'study configs/studies/patchml.yaml --dry-run'],
          [
            'With files that lie elsewhere',
            'study configs/studies/imagenet-gap.yaml --input predictions=/data/predictions',
          ],
          [
            'With the workers of a queue, which "patchml worker" starts',
            'study /shared/study.yaml --queue redis://HOST:6379 --root /shared',
          ],
        ),
      )
      .epilogue(
        '\nWhat is done is kept in --work; the same command resumes after an interruption.',
      ),
  handler: run(async (flags, tools) => {
    if (flags.queue !== undefined) return studyByWorkers(flags, flags.queue, tools);
    if (flags.shard !== undefined) {
      const shard = shardOf(flags.shard);
      requireOneProvider(flags.provider);
      const { runStudyShard } = await import('../cluster/study-parts.js');
      const { input, options } = await openStudyOf(flags, tools);
      return describePart(await runStudyShard({ ...input, shard }, options));
    }
    const { input, options } = await openStudyOf(flags, tools);
    if (flags['dry-run']) {
      const { planStudy } = await import('../study/estimate.js');
      return describePlan(await planStudy(input, options), input.out);
    }
    const { runStudy } = await import('../study/run-study.js');
    return describeRun(await runStudy(input, options));
  }),
};

/** Has a study run by the workers of a queue. */
async function studyByWorkers(flags: WholeFlags, queue: string, tools: Tools): Promise<Outcome> {
  const provider = requireForQueue(flags);
  if (flags['dry-run']) {
    throw new UsageError('--dry-run and --queue cannot be used together: it is about this machine');
  }
  silenceSdk();
  const { loadStudy } = await import('../study/load.js');
  const { studyOnQueue } = await import('../cluster/queue/study-on-queue.js');
  const study = await loadStudy(flags.file, inputsOf(flags.input ?? []));
  const { work, overwrite, root, endpoint, cache } = flags;
  const out = flags.out ?? join('output', 'studies', study.name);
  const { signal, onProgress, note } = tools;
  const options = { provider, overwrite, piece: flags['piece-images'], signal, onProgress };
  const place = { endpoint, cache, onNote: note };
  return describeRun(
    await studyOnQueue({ study, out, work, queue, root }, { ...options, ...place }),
  );
}

export const mergeStudyCommand: CommandModule<object, StudyFlags> = {
  command: 'study [file]',
  describe: 'Write the results of what "study --shard" scored, and do what is missing',
  builder: async (args) =>
    (await withStudyFlags(args)).epilogue(
      examples(['The results, by the flags of "study"', 'merge study study.yaml']),
    ),
  handler: run(async (flags, tools) => {
    requireOneProvider(flags.provider);
    const { runStudy } = await import('../study/run-study.js');
    const { input, options } = await openStudyOf(flags, tools);
    return describeRun(await runStudy(input, options));
  }),
};

async function withStudyFlags(args: Argv<object>): Promise<Argv<StudyFlags>> {
  return args
    .positional('file', { type: 'string', describe: 'A YAML file' })
    .options({ ...studyFlags, provider: await providerFlag() })
    .check(({ file }) => {
      requireGiven('study, a YAML file', file);
      return true;
    }) as unknown as Argv<StudyFlags>;
}

async function openStudyOf(
  flags: StudyFlags,
  tools: Tools,
): Promise<{ input: RunStudyInput; options: RunStudyOptions }> {
  const { loadStudy } = await import('../study/load.js');
  const { silenceOnnxruntime } = await import('../models/onnxruntime.js');
  const study = await loadStudy(flags.file, inputsOf(flags.input ?? []));
  const { work, jobs, overwrite } = flags;
  const provider = await providerOf(flags.provider, tools);
  const out = flags.out ?? join('output', 'studies', study.name);
  if (study.models.some(({ card }) => card !== undefined)) await silenceOnnxruntime();
  return {
    input: { study, out, work },
    options: { ...tools, ...notesOf(tools), jobs, provider, overwrite },
  };
}

/** Parses `name=path`. @throws UsageError */
export function inputsOf(flags: readonly string[]): Record<string, string> {
  const inputs = flags.map((text) => {
    const at = text.indexOf('=');
    if (at > 0 && at < text.length - 1) return [text.slice(0, at), text.slice(at + 1)] as const;
    throw new UsageError(`--input takes name=path, such as imagenet=/data/imagenet, not "${text}"`);
  });
  return Object.fromEntries(inputs);
}

function notesOf({ note }: Tools) {
  return {
    onScore: (model: string, set: string, index: number, count: number): void => {
      note(`${model} on ${set} (${index + 1} of ${count})`);
    },
    onWait: ({ message }: Error): void => {
      note(`waiting for another run: ${message}`);
    },
  };
}

function describeRun({ out, results, failures, scored, reused, isUnchanged }: StudyRun): Outcome {
  const { models, sets, gaps } = results;
  const lines = [
    `${results.name}: ${countOf(models.length, 'model')} on ${countOf(sets.length, 'set')}; ` +
      `${scored} scored, ${reused} kept from earlier runs`,
    ...(gaps.length > 0 ? [toTerminalTable(meanGapsTable(results))] : []),
    isUnchanged ? `nothing has changed in ${out}` : `written to ${out}`,
  ];
  return {
    result: {
      out,
      scored,
      reused,
      unchanged: isUnchanged,
      ...results,
      failures: failures.map(toResult),
    },
    text: lines.join('\n'),
    problems: failures.map(toProblem),
  };
}

function describePart({ scored, reused, failures }: StudyPart): Outcome {
  return {
    result: { scored, reused, failures: failures.map(toResult) },
    text: `${countOf(scored, 'model')} scored on sets, ${reused} kept from earlier runs`,
    problems: failures.map(toProblem),
  };
}

/** What a study would do: a row for each set and thing to do, with the models that it is done with. */
function describePlan({ steps, failures }: StudyPlan, out: string): Outcome {
  const groups = new Map<string, PlannedStep[]>();
  for (const step of steps) {
    const key = `${step.set}\n${step.action}`;
    groups.set(key, [...(groups.get(key) ?? []), step]);
  }
  const rows = [...groups.values()].map((group) => {
    const [{ set, action, images = 0 }] = group as [PlannedStep];
    const models = group.flatMap(({ model }) => model ?? []);
    return [set, DOING[action], countText(models.length), countText(images), timeText(group)];
  });
  const head = ['set', 'what', 'models', 'images', 'time'];
  const lines = [
    toTerminalTable({ head, rows }),
    `in all ${timeText(steps)}, without comparing; nothing was written, results would go to ${out}`,
  ];
  return {
    result: { out, steps, failures: failures.map(toResult) },
    text: lines.join('\n'),
    problems: failures.map(toProblem),
  };
}

const DOING = {
  keep: 'kept',
  score: 'score',
  predict: 'run and score',
  generate: 'generate',
} as const satisfies Record<StudyAction, string>;

function timeText(steps: readonly PlannedStep[]): string {
  const known = steps.flatMap(({ seconds }) => seconds ?? []);
  const sum = Math.round(known.reduce((a, b) => a + b, 0));
  if (known.length === 0) return 'unknown';
  const text =
    sum < 100
      ? `${sum} s`
      : sum < 6000
        ? `${Math.round(sum / 60)} min`
        : `${(sum / 3600).toFixed(1)} h`;
  return known.length < steps.length ? `more than ${text}` : `about ${text}`;
}

function toResult({ set, model, error: { code, message } }: StudyFailure): object {
  return { set, model, code, message };
}

function toProblem(failure: StudyFailure): string {
  return `patchml: ${whatOf(failure)} failed: ${failure.error.message}`;
}

function whatOf({ model, set }: StudyFailure): string {
  return model !== undefined && set !== undefined
    ? `${model} on ${set}`
    : (model ?? set ?? 'a figure');
}

/** The mean gaps of pairs of sets, in points. */
function meanGapsTable({ gaps, columns }: StudyRun['results']) {
  const names = columns.filter((name) => gaps.some(({ mean }) => mean[name] !== undefined));
  return {
    head: ['mean gap, points', ...names],
    rows: gaps.map(({ first, second, mean }) => [
      `${first} - ${second}`,
      ...names.map((name) =>
        mean[name] === undefined ? '-' : (100 * mean[name].value).toFixed(1),
      ),
    ]),
  };
}
