import { standalone } from '../charts/standalone.js';

/** Pixels of a PNG for each of the chart's. */
const SCALE = 3;

/** Saves a drawn chart as an SVG file. */
export function saveSvg(name: string, svg: SVGSVGElement): void {
  saveFile(`${name}.svg`, new Blob([standalone(svg.outerHTML, 'px')], { type: 'image/svg+xml' }));
}

/** Saves a drawn chart as a PNG. */
export async function savePng(name: string, svg: SVGSVGElement): Promise<void> {
  const text = standalone(svg.outerHTML, 'px');
  const { width, height } = svg.viewBox.baseVal;
  const image = new Image(width * SCALE, height * SCALE);
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [width * SCALE, height * SCALE];
  canvas.getContext('2d')!.drawImage(image, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise<Blob | null>((resolve) => {
    canvas.toBlob(resolve, 'image/png');
  });
  if (blob) saveFile(`${name}.png`, blob);
}

function saveFile(name: string, content: Blob): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
