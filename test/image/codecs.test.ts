import { spawnSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';
import { checkCodecs, codecVersions } from '../../src/image/codecs.js';

describe('checkCodecs', () => {
  it('finds that every native part works', async () => {
    expect(await checkCodecs()).toEqual({
      png: 'works',
      jpeg: 'works',
      webp: 'works',
      resizing: 'works',
    });
  });
});

describe('codecVersions', () => {
  it('names a version of each', async () => {
    const versions = await codecVersions();
    expect(Object.keys(versions)).toEqual([
      'sharp',
      'libvips',
      'kernel',
      'jpegDecoder',
      'jpegEncoder',
      'resizer',
    ]);
    for (const version of Object.values(versions)) expect(version).toMatch(/\d/);
  });
});

describe('loadSharp', () => {
  // In a process of its own, whose files are used up but for a few.
  const loadWith = (left: number): { stdout: string; stderr: string } => {
    const script = `
      const { loadSharp } = await import(${JSON.stringify(import.meta.resolve('../../src/image/sharp.js'))});
      const { closeSync, openSync } = await import('node:fs');
      const files = [];
      try { for (;;) files.push(openSync('/dev/null')); } catch {}
      for (const file of files.splice(0, ${left})) closeSync(file);
      await loadSharp().then(() => console.log('loaded'), ({ code, fix }) => console.log(code, fix));`;
    const command = 'ulimit -n 80; exec "$0" --input-type=module -e "$1"';
    const args = ['-c', command, process.execPath, script];
    const { stdout, stderr } = spawnSync('bash', args, { encoding: 'utf8' });
    return { stdout, stderr };
  };
  const tooMany = 'emfile raise the limit (ulimit -n) or lower --jobs\n';

  it('says that too many files are open where none can be opened', () => {
    expect(loadWith(0)).toEqual({ stdout: tooMany, stderr: '' });
  });

  it('says so, or loads it, where few can be: Node 22 needs fewer than Node 20', () => {
    expect(['loaded\n', tooMany]).toContain(loadWith(5).stdout);
  });
});
