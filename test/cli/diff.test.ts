import { beforeAll, describe, expect, test } from '@jest/globals';
import { expectOneLine } from '../support/one-line.js';
import { type CliRun, runCli } from '../support/run-cli.js';
import { openGenerator, smallInput } from '../support/unit-releases.js';
import { openWorkspace } from '../support/workspace.js';

const newFolder = openWorkspace();
let cwd: string;
let dataset: string;
let larger: string;

beforeAll(async () => {
  const make = openGenerator(await smallInput(newFolder('input')), newFolder);
  dataset = await make();
  larger = await make({ sampling: { counts: { 2: 5, 3: 4 } } });
  cwd = newFolder('cwd');
});

function diff(...args: string[]): Promise<CliRun> {
  return runCli(['diff', ...args], { cwd });
}

describe('diff', () => {
  test('prints what differs and exits with 0, or with --exit-code with 1', async () => {
    const run = await diff(dataset, larger);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.stdout).toContain('sampling.counts.2: 4 -> 5');
    expect(run.stdout).toContain('1 image added: k2-000004');
    expect(run.stdout).toContain('8 images unchanged');
    expect(await diff(dataset, larger, '--exit-code')).toMatchObject({ code: 1, stderr: '' });
    expect(await diff(dataset, dataset, '--exit-code')).toMatchObject({ code: 0, stderr: '' });
  });

  test('prints Markdown and JSON', async () => {
    const markdown = await diff(dataset, larger, '--markdown');
    expect(markdown.stdout).toContain('| images | 8 | 9 |');
    const json = await diff(dataset, larger, '--json');
    expect(JSON.parse(json.stdout)).toMatchObject({
      isSame: false,
      images: { added: ['k2-000004'], unchanged: 8 },
      after: { images: 9 },
    });
  });

  test('says in one line what it cannot compare', async () => {
    expectOneLine(await diff(dataset, 'nowhere'), 1, 'nowhere');
    expectOneLine(await diff(dataset), 2, 'pass the second folder');
    expectOneLine(
      await diff(dataset, larger, '--json', '--markdown'),
      2,
      '--markdown and --json cannot be used together',
    );
  });
});
