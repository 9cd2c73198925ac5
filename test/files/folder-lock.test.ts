import { type ChildProcess, fork, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { sha256 } from '../../src/files/digest.js';
import { lockFolder } from '../../src/files/folder-lock.js';
import type { RaceResult } from '../support/race-for-lock.js';
import { temporaryFolder } from '../support/unit-folder.js';

/** The number of a process that has ended. */
function endedProcess(): number {
  return spawnSync(process.execPath, ['-e', '']).pid;
}

function leaveLock(content: string): string {
  const place = join(temporaryFolder(), 'out');
  writeFileSync(`${place}.lock`, content);
  return place;
}

describe('lockFolder', () => {
  it('locks a place that is not there yet, and leaves nothing when it is given free', async () => {
    const folder = temporaryFolder();
    const unlock = await lockFolder(join(folder, 'out'));
    expect(readdirSync(folder)).toEqual(['out.lock']);
    await unlock();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('refuses a place that is locked, and says by whom and what to do', async () => {
    const place = join(temporaryFolder(), 'out');
    const unlock = await lockFolder(place);
    await expect(lockFolder(place)).rejects.toMatchObject({
      name: 'OutputError',
      code: 'output-in-use',
      path: place,
      message: expect.stringContaining(`process ${process.pid} on ${hostname()}`) as unknown,
      fix: expect.stringContaining(`${place}.lock`) as unknown,
    });
    expect(existsSync(`${place}.lock`)).toBe(true);
    await unlock();
    await expect(lockFolder(place)).resolves.toBeInstanceOf(Function);
  });

  it('takes over a lock whose process is gone', async () => {
    const place = leaveLock(JSON.stringify({ pid: endedProcess(), host: hostname() }));
    const unlock = await lockFolder(place);
    await expect(lockFolder(place)).rejects.toMatchObject({ code: 'output-in-use' });
    await unlock();
    expect(existsSync(`${place}.lock`)).toBe(false);
  });

  // In a container, a run has the same number each time it is started.
  it('takes over a lock of a killed process that had the number of this one', async () => {
    const place = leaveLock(JSON.stringify({ pid: process.pid, host: hostname() }));
    await expect(lockFolder(place)).resolves.toBeInstanceOf(Function);
  });

  it('leaves a lock of another machine alone: whether its process lives is not known', async () => {
    const place = leaveLock(JSON.stringify({ pid: endedProcess(), host: 'another.example' }));
    await expect(lockFolder(place)).rejects.toMatchObject({ code: 'output-in-use' });
  });

  it.each(['', '{"pid": 1'])('takes over a lock that a kill has cut short: %j', async (content) => {
    await expect(lockFolder(leaveLock(content))).resolves.toBeInstanceOf(Function);
  });

  it('takes over a lock whose number another process has now', async () => {
    const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    const holder = { pid: other.pid, host: hostname(), started: '1', token: 'a' };
    const place = leaveLock(JSON.stringify(holder));
    await expect(lockFolder(place)).resolves.toBeInstanceOf(Function);
    other.kill();
  });

  it('leaves the lock of a process that runs alone, also one that does not say since when', async () => {
    const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    const place = leaveLock(JSON.stringify({ pid: other.pid, host: hostname() }));
    await expect(lockFolder(place)).rejects.toMatchObject({
      message: expect.stringContaining(`process ${other.pid}`) as unknown,
    });
    other.kill('SIGKILL');
    await once(other, 'exit');
    await expect(lockFolder(place)).resolves.toBeInstanceOf(Function);
  });

  it('takes over from a process that was killed in the middle of taking over', async () => {
    const [first, second] = ['a', 'b'].map((token) =>
      JSON.stringify({ pid: endedProcess(), host: hostname(), started: '1', token }),
    );
    const place = leaveLock(first!);
    const right = `${place}.lock.${sha256(first!).slice(0, 16)}`;
    writeFileSync(right, second!);
    writeFileSync(`${place}.lock.draft`, second!);
    const unlock = await lockFolder(place);
    await expect(lockFolder(place)).rejects.toMatchObject({ code: 'output-in-use' });
    expect(readdirSync(join(place, '..'))).toEqual(['out.lock']);
    await unlock();
    expect(readdirSync(join(place, '..'))).toEqual([]);
  });

  it('does not free a lock that is no longer its own', async () => {
    const place = join(temporaryFolder(), 'out');
    const unlock = await lockFolder(place);
    writeFileSync(`${place}.lock`, 'of another');
    await unlock();
    expect(readFileSync(`${place}.lock`, 'utf8')).toBe('of another');
  });

  it('never follows a link in the place of the lock', async () => {
    const folder = temporaryFolder();
    const place = join(folder, 'out');
    writeFileSync(join(folder, 'precious'), 'precious');
    for (const target of ['precious', 'nowhere']) {
      const linked = `${place}-${target}`;
      symlinkSync(join(folder, target), `${linked}.lock`);
      await expect(lockFolder(linked)).rejects.toMatchObject({ code: 'output-in-use' });
    }
    expect(readFileSync(join(folder, 'precious'), 'utf8')).toBe('precious');
    expect(existsSync(join(folder, 'nowhere'))).toBe(false);
  });

  it('refuses a folder or a pipe in the place of the lock, and does not wait for it', async () => {
    const place = join(temporaryFolder(), 'out');
    mkdirSync(`${place}.lock`);
    await expect(lockFolder(place)).rejects.toMatchObject({ code: 'output-in-use' });
    spawnSync('mkfifo', [`${place}2.lock`]);
    await expect(lockFolder(`${place}2`)).rejects.toMatchObject({ code: 'output-in-use' });
  });
});

describe('several processes that lock a folder at the same moment', () => {
  const PROCESSES = 4;
  const ROUNDS = 100;

  async function runRace(prepare: (place: string) => void): Promise<RaceResult[][]> {
    const folder = temporaryFolder();
    const script = fileURLToPath(new URL('../support/race-for-lock.js', import.meta.url));
    const processes = Array.from({ length: PROCESSES }, () => fork(script));
    const rounds: RaceResult[][] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const place = join(folder, String(round));
      prepare(place);
      const at = Date.now() + 10;
      rounds.push(await Promise.all(processes.map((child) => ask(child, { place, at }))));
    }
    for (const child of processes) child.kill();
    expect(readdirSync(folder)).toEqual([]);
    return rounds;
  }

  async function ask(child: ChildProcess, task: object): Promise<RaceResult> {
    const answer = once(child, 'message') as Promise<[RaceResult]>;
    child.send(task);
    return (await answer)[0];
  }

  function deadHolder(token: string): string {
    return JSON.stringify({ pid: ended, host: hostname(), started: '1', token });
  }
  const ended = endedProcess();

  it.each<[string, (place: string) => void]>([
    ['where there is no lock', () => undefined],
    [
      'where a killed run left its lock',
      (place) => {
        writeFileSync(`${place}.lock`, deadHolder(place));
      },
    ],
    [
      'where runs were killed one after the other, each as it took over',
      (place) => {
        let path = `${place}.lock`;
        for (const each of ['1', '2', '3']) {
          writeFileSync(path, deadHolder(each));
          path = `${path}.${sha256(deadHolder(each)).slice(0, 16)}`;
        }
      },
    ],
  ])('never have it at once: %s', async (_, prepare) => {
    const rounds = await runRace(prepare);
    expect(rounds.filter((results) => results.some(({ shared }) => shared))).toEqual([]);
    expect(rounds.filter((results) => !results.some(({ held }) => held))).toEqual([]);
    const refusals = rounds.flat().flatMap(({ error }) => (error === undefined ? [] : [error]));
    expect(new Set(refusals)).toEqual(new Set(['output-in-use']));
  });
});
