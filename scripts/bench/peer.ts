import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeJsonLines } from '../../src/files/json.js';
import { readIndexedImages } from '../../src/generate/build-index.js';
import { readPlan } from '../../src/generate/make-plan.js';
import { type PatchRow, readPatchRows } from '../../src/generate/pool.js';
import type { MadeScores } from './evaluate-jobs.js';
import type { BenchInput } from './input.js';
import { collect, type Job, type Run } from './measure.js';

/** How Pillow encodes: `png` at its own level, 6. */
type PeerEncoding = 'png' | 'jpeg';

/** A model and images, as evaluate_peer.py takes them. */
interface EvaluateTask {
  model: string;
  images: readonly string[];
  batch: number;
  /** Whether the session's threads spin while they wait, as they do by default. */
  spins: boolean;
  /** Undefined for images of the model's size. */
  resize: { to: number; filter: string } | undefined;
  scale: number;
  mean: readonly number[];
  std: readonly number[];
}

/** The same work in Python: two processes of Pillow; onnxruntime and Pillow; scikit-learn and NumPy. */
export interface Peers {
  extract?: Job;
  compose?: (encoding: PeerEncoding) => Job;
  evaluate?: (task: EvaluateTask) => Job;
  score?: (made: MadeScores) => Job;
  /** Python and the libraries that are there, with their versions. */
  versions: string[];
  /** What is left out, and why. */
  leftOut: string[];
}

const PYTHON = process.env['PATCHML_BENCH_PYTHON'] ?? 'python3';

const FIND_VERSIONS = `
import json, platform
from importlib.metadata import PackageNotFoundError, version
found = {"Python": platform.python_version()}
for name in ("pillow", "onnxruntime", "numpy", "scikit-learn"):
    try:
        found[name] = version(name)
    except PackageNotFoundError:
        pass
print(json.dumps(found))`;

/** Finds which of the peers this machine has. */
export async function openPeers(input: BenchInput, scratch: string): Promise<Peers> {
  const found = await collect(PYTHON, ['-c', FIND_VERSIONS]).catch(() => '{}');
  const there = JSON.parse(found) as Record<string, string>;
  const versions = Object.entries(there).map(([name, version]) => `${name} ${version}`);
  const peers: Peers = { versions, leftOut: [] };
  const has = (peer: string, ...names: string[]): boolean => {
    const missing = names.filter((name) => there[name] === undefined);
    if (missing.length > 0) peers.leftOut.push(`${peer} (no ${missing.join(', ')})`);
    return missing.length === 0;
  };
  if (has('extract and compose', 'pillow')) await addPillow(peers, input, scratch);
  if (has('evaluate', 'pillow', 'onnxruntime', 'numpy')) {
    peers.evaluate = inPython('evaluate_peer.py');
  }
  if (has('score', 'scikit-learn', 'numpy')) peers.score = inPython('score_peer.py');
  return peers;
}

async function addPillow(peers: Peers, input: BenchInput, scratch: string): Promise<void> {
  const patches = await readPatchRows(input.pool);
  const extractRows = join(scratch, 'extract.jsonl');
  const composeRows = join(scratch, 'compose.jsonl');
  await writeExtractRows(input, patches, extractRows);
  await writeComposeRows(input, patches, composeRows);
  const pool = join(input.pool, 'patches.bin');
  peers.extract = (folder) => runPython('pillow_peer.py', 'extract', extractRows, folder);
  peers.compose = (encoding) => (folder) =>
    runPython('pillow_peer.py', 'compose', composeRows, folder, pool, encoding);
}

/** A script that takes its task as a file of JSON. */
function inPython(script: string): (task: object) => Job {
  return (task) => async (folder) => {
    const file = join(folder, 'task.json');
    await writeFile(file, JSON.stringify(task));
    return runPython(script, file, folder);
  };
}

async function runPython(script: string, ...args: string[]): Promise<Run> {
  const output = await collect(PYTHON, [join('scripts', 'bench', script), ...args]);
  return JSON.parse(output) as Run;
}

async function writeExtractRows(
  { index, images }: BenchInput,
  patches: readonly PatchRow[],
  path: string,
): Promise<void> {
  const bySource = new Map<string, PatchRow[]>();
  for (const patch of patches) {
    bySource.set(patch.source, [...(bySource.get(patch.source) ?? []), patch]);
  }
  const rows = await writeJsonLines(path);
  for await (const { image, place } of readIndexedImages(index)) {
    const own = bySource.get(image) ?? [];
    await rows.write({
      path: join(images, place.file),
      boxes: own.map(({ box }) => box),
      sizes: own.map(({ width, height }) => [width, height]),
    });
  }
  await rows.close();
}

async function writeComposeRows(
  { plan }: BenchInput,
  patches: readonly PatchRow[],
  path: string,
): Promise<void> {
  const rowOf = new Map(patches.map((row) => [row.id, row]));
  const rows = await writeJsonLines(path);
  for await (const { id, objects } of (await readPlan(plan)).rows()) {
    await rows.write({
      id,
      objects: objects.map(({ patch, bbox }) => {
        const { offset, width, height } = rowOf.get(patch)!;
        return { offset, width, height, bbox };
      }),
    });
  }
  await rows.close();
}
