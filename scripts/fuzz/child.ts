import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PatchmlError } from '../../src/errors.js';
import { openStream } from '../../src/random.js';
import type { Corpus } from './corpus.js';
import { type Attempt, TARGETS } from './targets.js';

/** What the parent asks for. */
export interface Task {
  target: string;
  /** Number of the input, which the seed and it determine. */
  input: number;
  seed: string;
}

/** What the child says: first where the input is, then what became of it. */
export type Answer =
  | { kind: 'trying'; file: string }
  | { kind: 'done'; outcome: string; problem?: string | undefined; peakMemory: number };

// Tries inputs on the library, one after the other, in a process that may die of one.

const [corpus, scratch] = process.argv.slice(2).map((text) => JSON.parse(text) as unknown) as [
  Corpus,
  string,
];
const attempts = new Map<string, Promise<Attempt>>();

process.on('message', (task: Task) => void attempt(task));
process.on('unhandledRejection', (error) => {
  say({ kind: 'done', ...problemOf(error, 'unhandled') });
});

async function attempt({ target, input, seed }: Task): Promise<void> {
  if (!attempts.has(target)) attempts.set(target, open(target));
  const stream = openStream(`${seed}/fuzz/${target}/input=${input}`);
  let tries: Attempt;
  try {
    tries = await attempts.get(target)!;
  } catch (error) {
    say({ kind: 'done', ...problemOf(error, 'good input refused') });
    return;
  }
  try {
    const tried = await tries(stream, (file) => {
      say({ kind: 'trying', file });
    });
    say({ kind: 'done', outcome: tried, peakMemory: peakMemory() });
  } catch (error) {
    say({ kind: 'done', ...problemOf(error, 'failed') });
  }
}

async function open(name: string): Promise<Attempt> {
  const folder = join(scratch, name);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  return TARGETS.find((target) => target.name === name)!.open(corpus, folder);
}

function problemOf(
  error: unknown,
  outcome: string,
): { outcome: string; problem?: string; peakMemory: number } {
  if (error instanceof PatchmlError && outcome === 'failed') {
    return { outcome: 'refused', peakMemory: peakMemory() };
  }
  const problem = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { outcome, problem, peakMemory: peakMemory() };
}

/** Bytes. */
function peakMemory(): number {
  return process.resourceUsage().maxRSS * 1024;
}

function say(answer: Answer): void {
  process.send?.(answer);
}
