import { once } from 'node:events';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { makeDataset } from '../support/made-dataset.js';
import { runCli, type RunningCli, startCli } from '../support/run-cli.js';
import { openWorkspace } from '../support/workspace.js';

const workspace = openWorkspace();

describe('patchml view', () => {
  let cwd: string;
  let dataset: string;

  beforeAll(async () => {
    cwd = workspace('view');
    dataset = (await makeDataset(cwd)).folder;
  });

  /** Starts a viewer, and waits for the first line that it prints. */
  async function start(args: readonly string[]): Promise<{ viewer: RunningCli; line: string }> {
    const viewer = startCli(['view', ...args, '--no-open'], { cwd });
    const [line] = (await once(viewer.process.stdout!, 'data')) as [Buffer];
    return { viewer, line: line.toString() };
  }

  it('prints its address, answers there, and ends at Ctrl-C with exit code 0', async () => {
    const { viewer, line } = await start([dataset]);
    expect(line).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/\?token=[\w-]{32}\n$/);
    const page = await fetch(line.trim());
    expect(page.status).toBe(200);
    expect(await page.text()).toContain('<title>patchml view</title>');
    viewer.process.kill('SIGINT');
    expect(await viewer.end).toMatchObject({ code: 0, signal: null });
  });

  it('prints what it opened as JSON', async () => {
    const { viewer, line } = await start([dataset, '--json']);
    expect(JSON.parse(line)).toMatchObject({
      address: expect.stringContaining('http://127.0.0.1:'),
      overview: { sets: [{ kind: 'dataset', title: 'made 1.0.0', images: 24 }] },
    });
    viewer.process.kill('SIGTERM');
    expect(await viewer.end).toMatchObject({ code: 0 });
  });

  it('refuses a port that another viewer has, and takes one of its own where none is given', async () => {
    const first = await start([dataset]);
    const { port } = new URL(first.line);
    const second = await runCli(['view', dataset, '--no-open', '--port', port], { cwd });
    expect(second).toMatchObject({
      code: 1,
      stderr: `patchml: port ${port} is in use, perhaps by another viewer; close it, pass another --port, or leave --port out to take a free one\n`,
    });
    const third = await start([dataset]);
    expect(new URL(third.line).port).not.toBe(port);
    for (const { viewer } of [first, third]) {
      viewer.process.kill('SIGINT');
      expect(await viewer.end).toMatchObject({ code: 0 });
    }
  });

  it('says what it needs', async () => {
    const none = await runCli(['view'], { cwd });
    expect(none).toMatchObject({ code: 2, stderr: expect.stringContaining('pass the paths') });
    const port = await runCli(['view', dataset, '--port', '70000'], { cwd });
    expect(port).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--port takes a whole number from 1 to 65535'),
    });
    const absent = await runCli(['view', join(cwd, 'absent')], { cwd });
    expect(absent).toMatchObject({ code: 1, stderr: expect.stringContaining('no such file') });
  });
});
