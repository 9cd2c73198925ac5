import type { CommandModule, InferredOptionTypes } from 'yargs';
import type { Estimate } from '../cluster/cost.js';
import type { ProviderChoice } from '../models/provider.js';
import { bytesText, countText, toTerminalTable } from '../text.js';
import { examples, providerFlag, providerOf, requireGiven, shared, wholeNumber } from './flags.js';
import { type Outcome, run } from './run.js';
import { inputsOf } from './study.js';

const estimateFlags = {
  annotations: shared.annotations,
  images: shared.images,
  input: {
    type: 'array',
    string: true,
    describe: 'Where an input of a study is, as name=path; may be given several times',
  },
  annotated: wholeNumber('annotated', 'Annotated images there will be; by default those here'),
  sample: { ...wholeNumber('sample', 'Annotated images to try'), default: 400 },
  machines: { ...wholeNumber('machines', 'Machines that share the work'), default: 1 },
  cores: { ...wholeNumber('cores', 'Cores of each'), default: 16 },
  bandwidth: { ...wholeNumber('bandwidth', 'Of the shared storage, MB/s'), default: 1000 },
  'piece-images': { ...wholeNumber('piece-images', 'Images of a piece of a queue'), default: 1000 },
  work: { ...shared.work, describe: 'Folder of a study: what it holds costs nothing' },
  jobs: shared.jobs,
  quiet: shared.quiet,
  json: shared.json,
} as const;

type EstimateFlags = InferredOptionTypes<typeof estimateFlags> & {
  file: string;
  provider: ProviderChoice;
};

export const estimateCommand: CommandModule<object, EstimateFlags> = {
  command: 'estimate [file]',
  describe: 'Say what a recipe or a study would cost: time, storage, operations, bottleneck',
  builder: async (args) =>
    args
      .positional('file', { type: 'string', describe: 'A recipe or a study, a YAML file' })
      .options({ ...estimateFlags, provider: await providerFlag() })
      .check(({ file }) => {
        requireGiven('recipe or study, a YAML file', file);
        return true;
      })
      .epilogue(
        examples(
          [
            'A dataset of all of ImageNet train, from the images at hand',
            'estimate recipe.yaml -a val-xml -i val --annotated 544546 --machines 8',
          ],
          ['The models of a study', 'estimate study.yaml --machines 4 --cores 32'],
        ),
      ) as never,
  handler: run(async (flags, tools) => {
    const { estimateRecipe, estimateStudy } = await import('../cluster/estimate.js');
    const { readRegularText } = await import('../files/read-file.js');
    const { machines, cores, bandwidth, jobs, sample } = flags;
    const options = { ...tools, machines, cores, bandwidth, piece: flags['piece-images'], jobs };
    if (/^models:/m.test(await readRegularText(flags.file))) {
      const { loadStudy } = await import('../study/load.js');
      const { silenceOnnxruntime } = await import('../models/onnxruntime.js');
      const study = await loadStudy(flags.file, inputsOf(flags.input ?? []));
      if (study.models.some(({ card }) => card !== undefined)) await silenceOnnxruntime();
      const provider = await providerOf(flags.provider, tools);
      const input = { study, work: flags.work };
      return describeEstimate(await estimateStudy(input, { ...options, sample, provider }));
    }
    const { loadRecipe } = await import('../recipe/load.js');
    const recipe = await loadRecipe(flags.file);
    const { annotations, images, annotated } = flags;
    const input = { recipe, annotations, images, annotated };
    return describeEstimate(await estimateRecipe(input, { ...options, sample }));
  }),
};

function describeEstimate(estimate: Estimate): Outcome {
  const { machines, cores } = estimate.machines;
  const steps = estimate.steps.map((step) => [
    step.name,
    `${countText(Math.round(step.items))} ${step.unit}`,
    hoursText(step.coreSeconds),
    bytesText(step.bytes),
    hoursText(step.seconds),
  ]);
  const { pieces, redis, s3 } = estimate.operations;
  const totals = [
    ['core-hours', estimate.coreHours.toFixed(2)],
    ...(estimate.gpuHours > 0 ? [['GPU-hours', estimate.gpuHours.toFixed(2)]] : []),
    [`time on ${machines} x ${cores} cores`, hoursText(estimate.seconds)],
    ...Object.entries(estimate.storage).map(([name, bytes]) => [name, bytesText(bytes)]),
    ['files', countText(estimate.files)],
    ['pieces of a queue', countText(pieces)],
    ['commands of Redis', countText(redis)],
    ['requests to S3', countText(s3)],
    ['first bottleneck', bottleneckText(estimate)],
  ];
  const head = ['step', 'of', 'CPU time', 'moved', 'time'];
  return {
    result: estimate,
    text: [toTerminalTable({ head, rows: steps }), toTerminalTable({ rows: totals })].join('\n'),
    problems: estimate.leftOut.map((what) => `not estimated: ${what}`),
    isFailed: false,
  };
}

function bottleneckText({ bottleneck, machines }: Estimate): string {
  if (bottleneck === undefined) return 'none';
  const { step, limit, cores } = bottleneck;
  const what =
    limit === 'storage'
      ? `${countText(machines.bandwidth)} MB/s of storage`
      : 'done by one process';
  return `${step}, ${what}: from ${countText(cores)} cores on`;
}

function hoursText(seconds: number): string {
  if (seconds < 120) return `${seconds.toFixed(1)} s`;
  return seconds < 7200 ? `${(seconds / 60).toFixed(1)} min` : `${(seconds / 3600).toFixed(1)} h`;
}
