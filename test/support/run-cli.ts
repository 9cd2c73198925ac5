import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const BIN = fileURLToPath(new URL('../../src/cli/bin.cjs', import.meta.url));
const LIBRARY = new URL('../../src/index.js', import.meta.url).href;
/** A command that takes longer hangs, ms. */
const HANGS_AFTER = 90_000;

/** What a run of the command line gave. */
export interface CliRun {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
  /** The most memory it held at any time, bytes; 0 where the system does not say. */
  peakMemory: number;
}

export interface CliOptions {
  /** Where it runs; relative paths, such as the default output folder, start here. */
  cwd: string;
  /** Flags of Node's own, such as `--import`. */
  nodeFlags?: readonly string[];
}

/** A command line that runs. */
export interface RunningCli {
  process: ChildProcess;
  end: Promise<CliRun>;
}

/** Runs `patchml` with these arguments, as a user would, to its end. */
export function runCli(args: readonly string[], options: CliOptions): Promise<CliRun> {
  return startCli(args, options).end;
}

/** Starts `patchml` with these arguments. */
export function startCli(args: readonly string[], { cwd, nodeFlags = [] }: CliOptions): RunningCli {
  const process = spawn(globalThis.process.execPath, [...nodeFlags, BIN, ...args], {
    cwd,
    env: globalThis.process.env, // which a test may have changed: jest keeps a copy of its own
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: HANGS_AFTER,
    killSignal: 'SIGKILL',
  });
  return { process, end: follow(process) };
}

/** Runs a shell's command line in which `$PATCHML` is patchml: for limits and redirections. */
export function runShell(command: string, { cwd }: Pick<CliOptions, 'cwd'>): Promise<CliRun> {
  const { execPath, env } = globalThis.process;
  return follow(
    spawn('sh', ['-c', command], {
      cwd,
      env: { ...env, PATCHML: `${execPath} ${BIN}` },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: HANGS_AFTER,
      killSignal: 'SIGKILL',
    }),
  );
}

/** Whether a run has neither ended nor been killed. */
export function isRunning({ process }: RunningCli): boolean {
  return process.exitCode === null && process.signalCode === null;
}

/** Runs a module that uses the library, as another project would, where `patchml` is its name. */
export function runScript(source: string, nodeFlags: readonly string[] = []): Promise<CliRun> {
  const script = source.replace("'patchml'", JSON.stringify(LIBRARY));
  const process = spawn(
    globalThis.process.execPath,
    [...nodeFlags, '--input-type=module', '--eval', script],
    { stdio: ['ignore', 'pipe', 'pipe'], timeout: HANGS_AFTER, killSignal: 'SIGKILL' },
  );
  return follow(process);
}

async function follow(child: ChildProcess): Promise<CliRun> {
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]!.setEncoding('utf8').on('data', (text: string) => (texts[name] += text));
  }
  let peakMemory = 0;
  const watch = setInterval(() => {
    peakMemory = Math.max(peakMemory, peakMemoryOf(child.pid!));
  }, 20);
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  clearInterval(watch);
  return { code, signal, ...texts, peakMemory };
}

/** Linux keeps the peak itself. */
function peakMemoryOf(pid: number): number {
  try {
    const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))!;
    return 1024 * Number(kilobytes);
  } catch {
    return 0; // another system, or just gone
  }
}
