import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { toTerminalTable } from '../../src/text.js';
import type { Answer, Task } from './child.js';
import { type Corpus, makeCorpus } from './corpus.js';
import { TARGETS } from './targets.js';

// Gives good inputs with a few changes to the library, each kind in its turn, in a process of its
// own. A failure is a crash, a hang, more than 1 GB of memory, an error that is no PatchmlError, and
// damage to a dataset, a release or a stage's folder that nobody tells. CONTRIBUTING.md has more.

/** Of one input, ms. */
const HANGS_AFTER = 60_000;
const MAX_MEMORY = 1e9;
/** Memory that one input took is not given back at once: a process tries so many. */
const INPUTS_A_PROCESS = 150;
const FAILURES = join('output', 'fuzz');

const { inputs, seed, only } = await yargs(hideBin(process.argv))
  .scriptName('npm run fuzz --')
  .options({
    inputs: { type: 'number', default: 2000, describe: 'How many inputs are tried' },
    seed: { type: 'string', default: '1', describe: 'Another seed makes other inputs' },
    only: { type: 'string', array: true, describe: `Of these kinds: ${names().join(', ')}` },
  })
  .strict()
  .parseAsync();

const counts = new Map<string, Record<string, number>>();
let failures = 0;
let mostMemory = 0;
const folder = await mkdtemp(join(tmpdir(), 'patchml-fuzz-'));
try {
  const corpus = await makeCorpus(folder);
  const chosen = names().filter((name) => only?.includes(name) ?? true);
  let child: Child | undefined;
  for (let input = 0; input < inputs; input += 1) {
    if (input > 0 && input % 1000 === 0) console.error(`${input} inputs, ${failures} failures`);
    if (input % INPUTS_A_PROCESS === 0) {
      child?.end();
      child = undefined;
    }
    child ??= startChild(corpus, join(folder, 'scratch'));
    const task: Task = { target: chosen[input % chosen.length]!, input, seed };
    const { outcome, problem = '', file, isGone } = await child.attempt(task);
    count(task.target, outcome);
    if (outcome !== 'read' && outcome !== 'found' && outcome !== 'refused') {
      await keep(task, outcome, problem, file);
    }
    if (isGone) child = undefined;
  }
  child?.end();
} finally {
  await rm(folder, { recursive: true, force: true });
}
console.log(summary());
process.exitCode = failures > 0 ? 1 : 0;

function names(): string[] {
  return TARGETS.map(({ name }) => name);
}

/** What became of one input. */
interface Tried {
  outcome: string;
  problem?: string | undefined;
  /** Where the input is. */
  file?: string | undefined;
  /** Whether the process has ended. */
  isGone: boolean;
}

interface Child {
  attempt(task: Task): Promise<Tried>;
  end(): void;
}

function startChild(corpus: Corpus, scratch: string): Child {
  const script = fileURLToPath(new URL('./child.js', import.meta.url));
  const child = fork(script, [JSON.stringify(corpus), JSON.stringify(scratch)], { silent: true });
  let said = '';
  child.stderr?.on('data', (text: Buffer) => (said = `${said}${text.toString()}`.slice(-4000)));
  return {
    async attempt(task) {
      const tried = await attempt(child, task);
      if (tried.outcome !== 'crashed') return tried;
      return { ...tried, problem: `${tried.problem ?? ''}\n${said}` };
    },
    end: () => void child.kill('SIGKILL'),
  };
}

async function attempt(child: ChildProcess, task: Task): Promise<Tried> {
  let file: string | undefined;
  const limit = new AbortController();
  const { signal } = limit;
  const done = new Promise<Tried>((resolve) => {
    child.on('message', (answer: Answer) => {
      if (answer.kind === 'trying') ({ file } = answer);
      else resolve(judge(answer));
    });
  });
  const ended = once(child, 'exit', { signal }).then(([code, by]): Tried => ({
    outcome: 'crashed',
    problem: String(by ?? code),
    isGone: true,
  }));
  const late = setTimeout(HANGS_AFTER, undefined, { signal }).then((): Tried => {
    child.kill('SIGKILL');
    return { outcome: 'hung', isGone: true };
  });
  for (const other of [ended, late]) other.catch(() => undefined); // where it was done before
  child.send(task);
  const tried = await Promise.race([done, ended, late]);
  limit.abort();
  child.removeAllListeners('message');
  const isTooMuch = tried.outcome === 'over 1 GB';
  if (isTooMuch) child.kill('SIGKILL');
  return { ...tried, file };
}

function judge({ outcome, problem, peakMemory }: Answer & { kind: 'done' }): Tried {
  mostMemory = Math.max(mostMemory, peakMemory);
  if (peakMemory <= MAX_MEMORY) return { outcome, problem, isGone: false };
  return { outcome: 'over 1 GB', problem: `${peakMemory} bytes`, isGone: true };
}

function count(target: string, outcome: string): void {
  const row = counts.get(target) ?? {};
  row[outcome] = (row[outcome] ?? 0) + 1;
  counts.set(target, row);
}

/** Keeps a failing input, and says what it did. */
async function keep(
  { target, input }: Task,
  outcome: string,
  problem: string,
  file: string | undefined,
): Promise<void> {
  failures += 1;
  console.log(`${target} ${input}: ${outcome} ${problem}`);
  const place = join(FAILURES, `${target}-${seed}-${input}`);
  await mkdir(place, { recursive: true });
  await writeFile(join(place, 'problem.txt'), `${outcome} ${problem}\n${file ?? ''}\n`);
  if (file) await copyFile(file, join(place, basename(file))).catch(() => undefined); // removed
}

function summary(): string {
  const outcomes = [...new Set([...counts.values()].flatMap((row) => Object.keys(row)))].sort();
  const rows = [...counts].map(([target, row]) => [
    target,
    ...outcomes.map((outcome) => String(row[outcome] ?? 0)),
  ]);
  const table = toTerminalTable({ head: ['input', ...outcomes], rows });
  const memory = `${Math.round(mostMemory / 1e6)} MB at the most`;
  const kept = failures > 0 ? `, in ${FAILURES}` : '';
  return `${table}\n${inputs} inputs, seed ${seed}: ${failures} failures${kept}; ${memory}`;
}
