import { describe, expect, test } from '@jest/globals';
import { openShelf } from '../../../src/cluster/queue/shelf.js';

describe('What pieces of a stage share', () => {
  const said: string[] = [];
  const open = (name: string) => () => {
    said.push(`open ${name}`);
    return Promise.resolve({
      name,
      close: () => {
        said.push(`close ${name}`);
        return Promise.resolve();
      },
    });
  };
  const use = ({ name }: { name: string }): Promise<void> => {
    said.push(`use ${name}`);
    return Promise.resolve();
  };

  test('is opened once, and closed by the next stage', async () => {
    said.length = 0;
    const shelf = openShelf();
    await Promise.all([shelf.use('a', open('a'), use), shelf.use('a', open('a'), use)]);
    await shelf.use('a', open('a'), use);
    await shelf.use('b', open('b'), use);
    await shelf.close();
    const first = ['open a', 'use a', 'use a', 'use a'];
    expect(said).toEqual([...first, 'open b', 'close a', 'use b', 'close b']);
  });

  test('is opened again after a piece that failed with it, and closed when none has it', async () => {
    said.length = 0;
    const shelf = openShelf();
    let end = (): void => undefined;
    const other = shelf.use('a', open('a'), () => new Promise<void>((resolve) => (end = resolve)));
    const failure = new Error('it failed');
    const failed = shelf.use('a', open('a'), () => Promise.reject(failure));
    await expect(failed).rejects.toBe(failure);
    await shelf.use('a', open('a again'), use);
    end();
    await other;
    await shelf.close();
    expect(said).toEqual(['open a', 'open a again', 'use a again', 'close a', 'close a again']);
  });

  test('is not kept where it cannot be opened', async () => {
    said.length = 0;
    const shelf = openShelf();
    const failure = new Error('no such pool');
    const failed = shelf.use('a', () => Promise.reject(failure), use);
    await expect(failed).rejects.toBe(failure);
    await shelf.use('a', open('a'), use);
    await shelf.close();
    expect(said).toEqual(['open a', 'use a', 'close a']);
  });
});
