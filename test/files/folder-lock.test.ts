import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { lockFolder } from '../../src/files/folders.js';
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
});
