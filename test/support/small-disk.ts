import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmdirSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A disk that can be full: a few megabytes of memory, mounted at a folder. */
export interface SmallDisk {
  folder: string;
  /** Takes all the space that is left but for so many bytes. */
  fill: (leaving?: number) => void;
  /** Gives back what `fill` took. */
  free: () => void;
  unmount: () => void;
}

/** Mounts a disk of so many megabytes. @throws where this process may not mount */
export function mountSmallDisk(megabytes: number): SmallDisk {
  const folder = mkdtempSync(join(tmpdir(), 'patchml-disk-'));
  const ballast = join(folder, 'ballast');
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder], {
      stdio: 'ignore',
    });
  } catch (error) {
    rmdirSync(folder);
    throw error;
  }
  return {
    folder,
    fill(leaving = 0) {
      writeUntilFull(ballast);
      if (leaving > 0) execFileSync('truncate', ['--size', `-${leaving}`, ballast]);
    },
    free() {
      rmSync(ballast, { force: true });
    },
    unmount() {
      execFileSync('umount', [folder]);
      rmdirSync(folder);
    },
  };
}

/** Why there can be no small disk here; undefined where there can. */
export function whyNoSmallDisk(): string | undefined {
  if (process.platform !== 'linux') return 'needs Linux';
  try {
    mountSmallDisk(1).unmount();
    return undefined;
  } catch {
    return 'needs to mount a small disk, which this user may not';
  }
}

function writeUntilFull(path: string): void {
  const file = openSync(path, 'a');
  try {
    for (const size of [1 << 20, 4096]) {
      const zeros = Buffer.alloc(size);
      while (tryWrite(file, zeros));
    }
  } finally {
    closeSync(file);
  }
}

function tryWrite(file: number, bytes: Buffer): boolean {
  try {
    return writeSync(file, bytes) === bytes.length;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return false;
    throw error;
  }
}
