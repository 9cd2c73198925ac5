// Compares what models give on WebGPU with what they give on the processor, several in a row in one
// process, and then opens one again and again: `npm run test:webgpu [CARD...]`. Runs on a GPU, or on
// SwiftShader (CONTRIBUTING.md). Without cards: the bundled model and the float models of ../shared.
import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { loadModelCard, type ModelCard, type Provider } from '../src/index.js';
import { newValues, valuesPerImage } from '../src/models/preprocess.js';
import { type ModelSession, openModelSession, runBatch } from '../src/models/session.js';
import { openGenerator } from '../src/random.js';

/** Largest difference allowed, of the largest output. */
const TOLERANCE = 1e-4;
/** Sessions of one model in a row, and how much memory the later half may add, MB. */
const [SESSIONS, GROWTH] = [8, 64];

const SAMPLE = resolve('configs', 'models', 'sample.yaml');
const SHARED = resolve('..', 'shared', 'models');

const given = process.argv.slice(2);
const paths = given.length > 0 ? given : [SAMPLE, ...floatModels()];
if (await isThere()) {
  let failed = 0;
  for (const path of paths) if (!(await compare(await loadModelCard(path)))) failed += 1;
  if (!(await reopen(await loadModelCard(SAMPLE)))) failed += 1;
  console.log(failed === 0 ? 'webgpu: as on the processor' : `webgpu: ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

function floatModels(): string[] {
  if (!existsSync(SHARED)) {
    console.log('webgpu: the models of ../shared are left out, they are not here');
    return [];
  }
  const cards = readdirSync(SHARED).filter((name) => name.endsWith('.yaml'));
  return cards.filter((name) => !/quant|uint8/.test(name)).map((name) => join(SHARED, name));
}

async function isThere(): Promise<boolean> {
  try {
    await (await openModelSession(await loadModelCard(SAMPLE), { provider: 'webgpu' })).close();
    return true;
  } catch (error) {
    console.log(`webgpu: skipped, ${(error as Error).message}`);
    return false;
  }
}

async function compare(card: ModelCard): Promise<boolean> {
  const cpu = await outputsOf(card, 'cpu');
  const gpu = await outputsOf(card, 'webgpu');
  const largest = cpu.outputs.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const difference = cpu.outputs.reduce(
    (most, value, at) => Math.max(most, Math.abs(value - gpu.outputs[at]!)),
    0,
  );
  const isFloat = Object.keys(gpu.onCpu).length === 0;
  const passes = difference <= TOLERANCE * largest;
  const ofLargest = (difference / largest).toExponential(1);
  const onCpu = Object.entries(gpu.onCpu).map(([name, nodes]) => `${name} (${nodes})`);
  console.log(
    [
      `${passes || !isFloat ? 'passed' : 'FAILED'}  ${card.name}: differs by ${ofLargest} of the largest output`,
      isFloat ? [] : `left to the processor: ${onCpu.join(', ')}`,
      `${memory()} MB`,
    ]
      .flat()
      .join('; '),
  );
  return passes || !isFloat;
}

async function outputsOf(
  card: ModelCard,
  provider: Provider,
): Promise<Pick<ModelSession, 'onCpu'> & { outputs: Float32Array }> {
  const session = await openModelSession(card, { provider });
  const values = newValues(session.inputType, valuesPerImage(card.input));
  const random = openGenerator('webgpu');
  const isBytes = values instanceof Uint8Array;
  for (let at = 0; at < values.length; at += 1) {
    values[at] = isBytes ? Math.floor(256 * random()) : 2 * random() - 1;
  }
  const outputs = await runBatch(session, values, 1);
  await session.close();
  return { outputs, onCpu: session.onCpu };
}

/** Opens and closes a model again and again: memory must not grow. */
async function reopen(card: ModelCard): Promise<boolean> {
  const after: number[] = [];
  for (let time = 0; time < SESSIONS; time += 1) {
    await outputsOf(card, 'webgpu');
    after.push(memory());
  }
  const growth = after.at(-1)! - after[SESSIONS / 2 - 1]!;
  const passes = growth <= GROWTH;
  console.log(`${passes ? 'passed' : 'FAILED'}  opened ${SESSIONS} times: ${after.join(', ')} MB`);
  return passes;
}

function memory(): number {
  return Math.round(process.memoryUsage.rss() / 1e6);
}
