import { readFileSync } from 'node:fs';
import type { Recipe } from '../../src/recipe/schema.js';

/** What scripts/resize-reference.py wrote; pixels are RGB, row by row, in base64. */
interface Reference {
  resize: {
    from: [width: number, height: number];
    to: [width: number, height: number];
    contrast: 'moderate' | 'full';
    pixels: string;
    resized: Partial<Record<Recipe['patch']['kernel'], string>>;
  }[];
  cmyk: { size: [width: number, height: number]; jpeg: string; pixels: string };
}

export const reference = JSON.parse(
  readFileSync('test/image/resize-reference.json', 'utf8'),
) as Reference;

/** What scripts/format-reference.py wrote: files, and their pixels in Pillow; null where refused. */
export const pillowFormats = (
  JSON.parse(readFileSync('test/image/format-reference.json', 'utf8')) as {
    formats: Record<string, { file: string; pixels: string | null }>;
  }
).formats;
