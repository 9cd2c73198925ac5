import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { startFaultyProxy } from '../support/faulty-proxy.js';
import { HUB_TOKEN } from '../support/hub-server.js';
import { bytesOf, digestsOf, SOME_FILES, tamper, writeRelease } from '../support/made-release.js';
import { expectOneLine } from '../support/one-line.js';
import { type CliRun, runCli, startCli } from '../support/run-cli.js';
import { S3_ACCOUNT } from '../support/s3-server.js';
import { filesIn, withEnvironment } from '../support/unit-transfer.js';
import { REPO, startHubForTests } from '../support/use-hub.js';
import { openWorkspace } from '../support/workspace.js';

const newFolder = openWorkspace();
const { faults, state, proxy } = startHubForTests();
withEnvironment({
  ...S3_ACCOUNT,
  HF_TOKEN: undefined,
  HF_HOME: newFolder('hf'),
  HF_TOKEN_PATH: undefined,
});

function run(...args: string[]): Promise<CliRun> {
  return runCli(args, { cwd: newFolder('cwd') });
}

/** Keeps a token where the Hub's own clients keep it. */
function logIn(token: string): void {
  writeFileSync(join(process.env['HF_HOME']!, 'token'), `${token}\n`);
}

describe('push and pull, from the command line', () => {
  test('send a release to the Hub with the token of its clients, and fetch it', async () => {
    logIn(HUB_TOKEN);
    const release = writeRelease(newFolder('release'));
    const there = ['--endpoint', proxy().url];
    const pushed = await run('push', release.folder, '--to', REPO, ...there, '--json', '--private');
    expect(pushed).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(pushed.stdout)).toMatchObject({ place: `${REPO}@v1.1.0`, sent: 7 });
    const out = newFolder('out');
    const pulled = await run('pull', REPO, '--version', '1.1.0', '--out', out, ...there);
    expect(pulled).toMatchObject({ code: 0, stderr: '' });
    expect(pulled.stdout).toContain(join(out, 'shapes-1.1.0'));
    expect(filesIn(join(out, 'shapes-1.1.0'))).toEqual(digestsOf(release));
    expect(`${pushed.stdout}${pulled.stdout}`).not.toContain(HUB_TOKEN);
  });

  test('send to a folder and fetch from it, in silence with --quiet', async () => {
    const release = writeRelease(newFolder('release'));
    const to = newFolder('to');
    const silent = { code: 0, stdout: '', stderr: '' };
    expect(await run('push', release.folder, '--to', to, '-q')).toMatchObject(silent);
    const out = newFolder('out');
    expect(await run('pull', join(to, 'shapes-1.1.0'), '-o', out, '-q')).toMatchObject(silent);
    expect(filesIn(join(out, 'shapes-1.1.0'))).toEqual(digestsOf(release));
  });

  test('say that a release already exists, and end well', async () => {
    const { folder } = writeRelease(newFolder('release'));
    const to = newFolder('to');
    const first = await run('push', folder, '--to', to);
    expect(first.stdout).not.toContain('already');
    const again = await run('push', folder, '--to', to);
    expect(again).toMatchObject({ code: 0, stderr: '' });
    expect(again.stdout).toContain('shapes 1.1.0 (already exists)');
    const { stdout } = await run('push', folder, '--to', to, '--json');
    expect(JSON.parse(stdout)).toMatchObject({ isNew: false, sent: 0 });
  });

  test('stop at Ctrl-C, and the same command goes on', async () => {
    logIn(HUB_TOKEN);
    const files = { ...SOME_FILES, 'data/image-3.png': bytesOf(3, 50_000) };
    const { folder } = writeRelease(newFolder('release'), { files });
    const args = ['push', folder, '--to', REPO, '--endpoint', proxy().url];
    const running = startCli(args, { cwd: newFolder('cwd') });
    // the Hub asks to wait for a minute before the commit, in which the command is interrupted
    const fault = { status: 503, headers: { 'Retry-After': '50' } };
    const on = ({ url }: { url: string }): boolean => {
      if (!url.includes('/commit/')) return false;
      setTimeout(() => running.process.kill('SIGINT'), 200);
      return true;
    };
    faults.push({ on, times: 1, fault });
    expectOneLine(await running.end, 130, 'push was stopped', 'the same command again to resume');
    const sent = state().large.size;
    expect(sent).toBe(3);
    proxy().seen.splice(0);
    expect(await run(...args)).toMatchObject({ code: 0, stderr: '' });
    expect(proxy().seen.filter(({ url }) => url.startsWith('/lfs/'))).toEqual([]);
  });
});

describe('push and pull say in one line', () => {
  test('that a token is missing or wrong, and not what it is', async () => {
    const { folder } = writeRelease(newFolder('release'));
    const args = ['push', folder, '--to', REPO, '--endpoint', proxy().url];
    rmSync(join(process.env['HF_HOME']!, 'token'), { force: true });
    expectOneLine(await run(...args), 1, REPO, 'no token with write access', 'HF_TOKEN');
    const token = 'hf_thisOneIsWrong';
    logIn(token);
    const failed = await run(...args);
    expectOneLine(failed, 1, REPO, 'refuses these credentials (401)', 'HF_TOKEN');
    const { stdout, stderr } = await run(...args, '--verbose');
    expect(`${failed.stderr}${stdout}${stderr}`).not.toContain(token);
    logIn('hf_two\nlines');
    expectOneLine(await run(...args), 1, REPO, 'the token contains', 'HF_TOKEN');
    logIn(token);
  });

  test('that a version exists, a file is tampered with, a server is not there', async () => {
    const release = writeRelease(newFolder('release'));
    const to = newFolder('to');
    await run('push', release.folder, '--to', to);
    const other = writeRelease(newFolder('other'), { files: { 'README.md': 'other' } });
    expectOneLine(
      await run('push', other.folder, '--to', to),
      1,
      join(to, 'shapes-1.1.0'),
      'version 1.1.0 already exists',
      'new version',
    );
    const closed = ['--endpoint', `http://127.0.0.1:${await closedPort()}`];
    for (const place of ['s3://bucket/prefix', REPO]) {
      const args = ['push', release.folder, '--to', place, ...closed];
      expectOneLine(await run(...args), 1, place, 'cannot be reached (ECONNREFUSED)', '--endpoint');
    }
    tamper(release, 'README.md');
    const nothing = newFolder('nothing');
    const refused = await run('push', release.folder, '--to', nothing);
    expectOneLine(
      refused,
      1,
      join(release.folder, 'README.md'),
      'SHA256SUMS',
      'make or pull the release again',
    );
    expect(existsSync(join(nothing, 'shapes-1.1.0'))).toBe(false);
  });

  test('that an address is none, and repeat no password in it', async () => {
    const { folder } = writeRelease(newFolder('release'));
    const push = (...args: string[]): Promise<CliRun> => run('push', folder, ...args);
    expectOneLine(await push('--to', 'https://x.org/y'), 1, 'this is not a release address');
    expectOneLine(await push('--to', 'hf://models/a/b'), 1, 'pass hf://datasets/USER/NAME');
    const secret = await push('--to', 's3://key:secret@bucket/x');
    expectOneLine(secret, 1, 's3://***@bucket/x');
    const endpoint = await push('--to', 's3://bucket', '--endpoint', 'http://me:secret@x.org');
    expectOneLine(endpoint, 1, 'without credentials');
    expect(`${secret.stderr}${endpoint.stderr}`).not.toContain('secret');
    expectOneLine(await run('push', '--to', 'x'), 2, 'release');
    expectOneLine(await run('pull', 's3://bucket', '-o', 'x'), 1, 'add the name of the release');
  });
});

/** A port of the loopback on which nobody listens. */
async function closedPort(): Promise<number> {
  const gone = await startFaultyProxy(0, []);
  await gone.close();
  return Number(new URL(gone.url).port);
}
