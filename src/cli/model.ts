import type { Argv, CommandModule } from 'yargs';
import type { CardDraft } from '../models/card.js';
import type { Preset } from '../models/presets.js';
import { complete, examples, OUTPUTS, requireGiven, shared } from './flags.js';
import { run, UsageError } from './run.js';

interface AddFlags {
  model: string;
  name: string | undefined;
  out: string | undefined;
  config: string | undefined;
  preset: Preset | undefined;
  size: string | undefined;
  layout: 'NCHW' | 'NHWC' | undefined;
  channels: 'RGB' | 'BGR' | undefined;
  scale: number | undefined;
  mean: string | undefined;
  std: string | undefined;
  resize: CardDraft['mode'];
  interpolation: CardDraft['interpolation'];
  antialias: boolean | undefined;
  cropFraction: number | undefined;
  classes: string | undefined;
  inputName: string | undefined;
  outputName: string | undefined;
  outputKind: CardDraft['outputKind'];
  outputStep: number | undefined;
  outputZeroPoint: number | undefined;
  overwrite: boolean;
  quiet: boolean;
}

const addCommand: CommandModule<object, AddFlags> = {
  command: 'add [model]',
  describe: 'Write the card of an ONNX model: its preprocessing, classes and output',
  builder: (args) =>
    args
      .positional('model', { type: 'string', demandOption: true, describe: 'The ONNX file' })
      .options({
        name: {
          type: 'string',
          group: OUTPUTS,
          describe: "The model's name",
          defaultDescription: "the file's name; for model.onnx, the folder's",
        },
        out: {
          ...shared.out,
          describe: 'The card',
          defaultDescription: '<name>.yaml beside the model',
        },
        config: {
          type: 'string',
          describe: "timm's config.json or a preprocessor_config.json",
          defaultDescription: 'beside the model',
        },
        preset: {
          choices: ['torchvision', 'timm', 'inception', 'clip', 'tf'] as const,
          describe: 'Standard preprocessing, instead of the config beside the model',
        },
        size: { type: 'string', describe: 'Side of the input, or WIDTHxHEIGHT, px' },
        layout: { choices: ['NCHW', 'NHWC'] as const, describe: 'Order of the dimensions' },
        channels: { choices: ['RGB', 'BGR'] as const, describe: 'Order of the channels' },
        scale: { type: 'number', describe: 'First multiply pixels (0 to 255) by this' },
        mean: {
          type: 'string',
          describe: 'Then subtract these: three numbers, such as 0.5,0.5,0.5',
        },
        std: { type: 'string', describe: 'Then divide by these: three numbers' },
        resize: {
          choices: ['shorter-side', 'squash', 'letterbox', 'none'] as const,
          describe: 'How an image is resized to the input',
        },
        interpolation: {
          choices: ['nearest', 'bilinear', 'bicubic', 'lanczos', 'box', 'hamming'] as const,
          describe: 'The resampling filter',
        },
        antialias: { type: 'boolean', describe: 'Widen the filter when downscaling' },
        'crop-fraction': { type: 'number', describe: 'The central part to keep, 0 to 1' },
        classes: {
          type: 'string',
          describe: 'imagenet-1k, imagenet-1k-background, or a file of synsets, one per line',
        },
        'input-name': { type: 'string', describe: "The graph's input, if it has several" },
        'output-name': { type: 'string', describe: "The graph's output, if it has several" },
        'output-kind': {
          choices: ['logits', 'probabilities'] as const,
          describe: 'What the output holds',
        },
        'output-step': {
          type: 'number',
          describe: "Scale of a quantised model's integer output",
        },
        'output-zero-point': {
          type: 'number',
          describe: "Zero point of a quantised model's integer output",
        },
        overwrite: { ...shared.overwrite, describe: 'Replace an existing card' },
        quiet: shared.quiet,
      })
      .check(({ model }) => {
        requireGiven('ONNX file', model);
        return true;
      })
      .epilogue(
        examples(
          ['With the config.json that timm put beside it', 'model add resnet50.onnx'],
          [
            'With preprocessing given by flags',
            'model add net.onnx --size 224 --mean 0.5,0.5,0.5 --std 0.5,0.5,0.5',
          ],
        ),
      ) as never,
  handler: run(async (flags: AddFlags) => {
    const { addModelCard } = await import('../models/draft-card.js');
    const { silenceOnnxruntime } = await import('../models/onnxruntime.js');
    const { model, out, name, config, preset, overwrite } = flags;
    const given = await givenBy(flags);
    await silenceOnnxruntime();
    const { path, text } = await addModelCard(
      { model, out, name, config, preset, given },
      { overwrite },
    );
    const next = `Next: patchml evaluate --model ${path} --dataset DIR`;
    return { text: `Wrote ${path}:\n\n${text}\n${next}` };
  }),
};

export const modelCommand: CommandModule = {
  command: 'model',
  describe: 'Model cards (model add): preprocessing, classes and output',
  builder: (args): Argv =>
    args
      .command(complete(addCommand, 'patchml model'))
      .demandCommand(1, 'missing subcommand: patchml model add')
      .epilogue(examples(['The card of a model', 'model add resnet50.onnx'])),
  handler: () => undefined,
};

async function givenBy(flags: AddFlags): Promise<CardDraft> {
  const { layout, channels, scale, interpolation, antialias, cropFraction } = flags;
  const given = {
    inputName: flags.inputName,
    size: flags.size === undefined ? undefined : parseSize(flags.size),
    layout,
    channels,
    scale,
    mean: parseTriple('mean', flags.mean),
    std: parseTriple('std', flags.std),
    mode: flags.resize,
    interpolation,
    antialias,
    cropFraction,
    classes: flags.classes === undefined ? undefined : await parseClasses(flags.classes),
    outputName: flags.outputName,
    outputKind: flags.outputKind,
    outputStep: flags.outputStep,
    outputZeroPoint: flags.outputZeroPoint,
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function parseSize(text: string): number | [number, number] {
  const [, width, height] = /^(\d+)(?:x(\d+))?$/.exec(text) ?? [];
  if (width === undefined) throw new UsageError('--size takes 224 or 320x240 (width x height)');
  return height === undefined ? Number(width) : [Number(width), Number(height)];
}

function parseTriple(flag: string, text: string | undefined): CardDraft['mean'] {
  if (text === undefined) return undefined;
  const values = text.split(',').map(Number);
  if (values.length === 3 && values.every(Number.isFinite)) return values as never;
  throw new UsageError(`--${flag} takes three numbers such as 0.485,0.456,0.406`);
}

async function parseClasses(text: string): Promise<CardDraft['classes']> {
  if (text === 'imagenet-1k' || text === 'imagenet-1k-background') return text;
  const { readSynsetList } = await import('../models/draft-card.js');
  return readSynsetList(text);
}
