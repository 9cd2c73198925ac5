import sharp from 'sharp';
import type { Stream } from '../../src/random.js';

/** What a background is made of. */
const KINDS = ['linear gradient', 'radial gradient', 'noise', 'blurred shapes'] as const;

/** Draws a background: an opaque image of this size, as a PNG. */
export async function drawBackground(
  width: number,
  height: number,
  stream: Stream,
): Promise<Buffer> {
  switch (KINDS[stream.int(KINDS.length)]!) {
    case 'linear gradient':
      return render(width, height, gradient('linear', stream));
    case 'radial gradient':
      return render(width, height, gradient('radial', stream));
    case 'noise':
      return enlargeNoise(width, height, stream);
    case 'blurred shapes': {
      const image = await render(width, height, shapes(width, height, stream));
      return sharp(image)
        .blur(4 + 10 * stream.real())
        .png({ compressionLevel: 0 })
        .toBuffer();
    }
  }
}

function gradient(kind: 'linear' | 'radial', stream: Stream): string {
  const turn =
    kind === 'linear'
      ? `gradientTransform="rotate(${stream.int(360)} 0.5 0.5)"`
      : `cx="${stream.real().toFixed(2)}" cy="${stream.real().toFixed(2)}" r="0.9"`;
  return `<defs><${kind}Gradient id="g" ${turn}>
    <stop offset="0" stop-color="${colour(stream)}"/>
    <stop offset="0.5" stop-color="${colour(stream)}"/>
    <stop offset="1" stop-color="${colour(stream)}"/>
  </${kind}Gradient></defs><rect width="100%" height="100%" fill="url(#g)"/>`;
}

function shapes(width: number, height: number, stream: Stream): string {
  const parts = [`<rect width="100%" height="100%" fill="${colour(stream)}"/>`];
  for (let i = 0; i < 14; i += 1) {
    const [x, y] = [stream.int(width), stream.int(height)];
    const size = 30 + stream.int(110);
    parts.push(
      stream.int(2) === 0
        ? `<circle cx="${x}" cy="${y}" r="${size / 2}" fill="${colour(stream)}"/>`
        : `<rect x="${x}" y="${y}" width="${size}" height="${size}" fill="${colour(stream)}"
             transform="rotate(${stream.int(90)} ${x} ${y})"/>`,
    );
  }
  return parts.join('');
}

/** A few random pixels, enlarged: noise of a random coarseness. */
async function enlargeNoise(width: number, height: number, stream: Stream): Promise<Buffer> {
  const side = 8 + stream.int(40);
  const pixels = Buffer.from(Array.from({ length: 3 * side * side }, () => 40 + stream.int(176)));
  return sharp(pixels, { raw: { width: side, height: side, channels: 3 } })
    .resize(width, height, { fit: 'fill', kernel: 'cubic' })
    .png({ compressionLevel: 0 })
    .toBuffer();
}

function render(width: number, height: number, content: string): Promise<Buffer> {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${content}</svg>`;
  return sharp(Buffer.from(svg)).removeAlpha().png({ compressionLevel: 0 }).toBuffer();
}

function colour(stream: Stream): string {
  return `hsl(${stream.int(360)}, ${15 + stream.int(50)}%, ${25 + stream.int(55)}%)`;
}
