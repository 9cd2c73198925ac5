import { FIGURES, type Figure, type FigureName } from './chart-data.js';
import type { FigureInput, Views } from './report-sets.js';
import { subgroupViews } from './set-figures.js';

interface FigureKind {
  title: string;
  about: string;
  views: (input: FigureInput) => Views | Promise<Views>;
}

const KINDS: Record<FigureName, FigureKind> = {
  subgroups: {
    title: 'Accuracy by number of labels',
    about:
      'A_k is the mean over the images with k labels of the share of their labels among the k highest classes. Bars are intervals.',
    views: subgroupViews,
  },
};

/** Makes one figure. */
export async function makeFigure(name: FigureName, input: FigureInput): Promise<Figure> {
  const { title, about, views: make } = KINDS[name];
  const made = await make(input);
  const [views, absent] = typeof made === 'string' ? [[], made] : [made, null];
  return { name, title, about, views, absent };
}

/** Makes every figure, in their order. */
export async function makeFigures(input: FigureInput): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const name of FIGURES) figures.push(await makeFigure(name, input));
  return figures;
}
