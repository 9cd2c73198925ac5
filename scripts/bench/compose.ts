import type { Bench } from './benchmark.js';
import { recipeOf } from './input.js';
import { inNode, type Job, measure } from './measure.js';
import { compareRates, type Row } from './row.js';

/** Composing against encoding alone, against itself in one thread, and against Pillow. */
export async function benchCompose(bench: Bench): Promise<Row[]> {
  return [...(await benchPng(bench)), ...(await benchJpeg(bench))];
}

async function benchPng(bench: Bench): Promise<Row[]> {
  const { peer, scratch, size } = bench;
  const { two, encode, one, sharp, pillow, pillowFast } = await measure(
    {
      two: compose(bench, 'png', 2),
      encode: encodeAlone(bench, 'png', 'patchml'),
      one: compose(bench, 'png', 1),
      sharp: encodeAlone(bench, 'png', 'sharp'),
      pillow: peer?.compose('png'),
      pillowFast: peer?.compose('png-fast'),
    },
    { scratch, repeats: size.repeats, keep: true },
  );
  const what = 'compose PNG, 2 threads';
  const [asItComes, fast] = peer
    ? ['2 processes of Pillow, level 6', '2 processes of Pillow, level 1']
    : ['Pillow: not present', 'Pillow: not present'];
  return [
    compareRates(what, two, 'encoding alone, same encoder', encode, 0.7),
    compareRates(what, two, "encoding alone, sharp's PNG", sharp),
    compareRates(what, two, '1 thread', one, 1.7),
    compareRates(what, two, asItComes, pillow, 3),
    compareRates(what, two, fast, pillowFast),
    { what: 'compose PNG, 1 thread', run: one },
  ];
}

async function benchJpeg(bench: Bench): Promise<Row[]> {
  const { peer, scratch, size } = bench;
  const { two, encode, one, pillow } = await measure(
    {
      two: compose(bench, 'jpeg', 2),
      encode: encodeAlone(bench, 'jpeg', 'patchml'),
      one: compose(bench, 'jpeg', 1),
      pillow: peer?.compose('jpeg'),
    },
    { scratch, repeats: size.repeats, keep: true },
  );
  const what = 'compose JPEG, 2 threads';
  return [
    compareRates(what, two, 'encoding alone, same encoder', encode),
    compareRates(what, two, '1 thread', one, 1.7),
    compareRates(what, two, peer ? '2 processes of Pillow' : 'Pillow: not present', pillow, 1),
    { what: 'compose JPEG, 1 thread', run: one },
  ];
}

function compose({ input, size }: Bench, format: 'png' | 'jpeg', jobs: number): Job {
  const { pool, plan } = input;
  return inNode('compose', { recipe: recipeOf(size.images, format), pool, plan, jobs });
}

function encodeAlone(
  { input, size }: Bench,
  format: 'png' | 'jpeg',
  encoder: 'patchml' | 'sharp',
): Job {
  const { pool, plan } = input;
  const images = Math.ceil(size.images / 2);
  return inNode('encode', {
    recipe: recipeOf(size.images, format),
    pool,
    plan,
    encoder,
    images,
    jobs: 2,
  });
}
