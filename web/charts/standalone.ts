/** Attributes that hold places and lengths. */
const NUMBERS =
  / (d|transform|x|x1|x2|y|y1|y2|cx|cy|r|dx|dy|width|height|points|viewBox|font-size)="([^"]*)"/g;

/** What the head of the file says itself. */
const OWN = / (width|height|style|xmlns|xmlns:xlink|class|color)="[^"]*"/g;

const [INCH, MM_PER_INCH] = [96, 25.4];

/**
 * A chart's element as the text of a file of its own: black on white, whatever page it stood on, with
 * places rounded to hundredths of a pixel.
 *
 * @param markup the outer markup of the element
 * @param unit of its width and height
 */
export function standalone(markup: string, unit: 'px' | 'mm'): string {
  const plain = markup
    .replace(/<style>[^]*?<\/style>/, '')
    .replace(/ class="[^"]*"/g, '')
    .replace(NUMBERS, (_, name: string, value: string) => ` ${name}="${roundAll(value)}"`);
  const [head = ''] = /^<svg[^>]*>/.exec(plain) ?? [];
  const [, , width = 0, height = 0] = (/viewBox="([^"]*)"/.exec(head)?.[1] ?? '')
    .split(' ')
    .map(Number);
  const length = (px: number): string =>
    unit === 'px' ? String(px) : `${roundAll(String((px / INCH) * MM_PER_INCH))}mm`;
  const attributes = [
    'xmlns="http://www.w3.org/2000/svg"',
    'xmlns:xlink="http://www.w3.org/1999/xlink"',
    `width="${length(width)}" height="${length(height)}"`,
    'color="black"',
  ];
  const opened = head.replace(OWN, '').replace('<svg', `<svg ${attributes.join(' ')}`);
  const paper = `<rect width="${width}" height="${height}" fill="white"/>`;
  return `${opened}${paper}${plain.slice(head.length)}\n`;
}

function roundAll(value: string): string {
  return value.replace(/-?\d+\.\d+(?:e-?\d+)?/g, (number) =>
    String(Number(Number(number).toFixed(2))),
  );
}
