import { describe, test } from '@jest/globals';
import { expectOneLine } from '../support/one-line.js';
import { runCli } from '../support/run-cli.js';
import { openWorkspace } from '../support/workspace.js';

const newFolder = openWorkspace();

describe('score refuses', () => {
  test.each([
    [['--labels', 'real.json'], 'predictions'],
    [['-p', 'a.npy'], 'pass the images to score on: --dataset, or --images and --labels'],
    [['-p', 'a.npy', '-d', 'made', '-i', 'val'], '--dataset and --images cannot be used together'],
    [['-p', 'a.npy', '-l', 'r.json', '--resamples', '0'], '--resamples takes a whole number'],
    [['-p', 'a.npy', '-l', 'r.json', '--resamples', '100001'], '--resamples takes a whole number'],
    [['-p', 'a.npy', '-l', 'r.json', '--max-group', '1001'], '--max-group takes a whole number'],
    [['-p', 'a.npy', '-l', 'r.json', '--max-group', '1.5'], '--max-group takes a whole number'],
    [['-p', 'a.npy', '-l', 'r.json', '--multi-label-rule', 'x'], 'tfds'],
    [['-p', 'a.npy', '-p', 'b.npy', '-l', 'r.json'], '--predictions was given twice'],
  ] as const)('%p', async (args, says) => {
    expectOneLine(await runCli(['score', ...args], { cwd: newFolder('empty') }), 2, says);
  });
});
