// A study that is killed, as by a power cut of its process: `kill -9`.

import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { openStream } from '../../src/random.js';
import { runCli, startCli } from '../support/run-cli.js';
import { writeStudy, writeStudyFiles } from '../support/unit-studies.js';
import { contentsOf, openWorkspace } from '../support/workspace.js';

const newFolder = openWorkspace();

const POINTS = 20;
/** Kills before a run is let to its end. */
const IN_A_ROW = 4;
const STUDY = ['study', 'study.yaml', '--out', 'out', '--work', 'work', '--quiet'];

test('killed at 20 random points, and run again, it ends in the same bytes', async () => {
  const undisturbed = writeStudyFiles(['plain'], newFolder('undisturbed'));
  writeStudy(undisturbed);
  const killed = newFolder('killed');
  cpSync(undisturbed, killed, { recursive: true });
  const start = performance.now();
  expect((await runCli(STUDY, { cwd: undisturbed })).code).toBe(0);
  const whole = performance.now() - start;
  const wanted = contentsOf(join(undisturbed, 'out'));
  const random = openStream('killed-study');
  for (let point = 1; point <= POINTS; point += 1) {
    const { process, end } = startCli(STUDY, { cwd: killed });
    await setTimeout(random.real() * whole);
    process.kill('SIGKILL');
    await end;
    if (point % IN_A_ROW > 0) continue;
    const { code, stderr } = await runCli(STUDY, { cwd: killed });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(contentsOf(join(killed, 'out'))).toEqual(wanted);
    for (const name of ['out', 'work']) rmSync(join(killed, name), { recursive: true });
  }
}, 300_000);
