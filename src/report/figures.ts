import { agreementViews, differenceViews, gapViews } from './comparison-figures.js';
import {
  classViews,
  confusionViews,
  givenAloneViews,
  paintedSizeViews,
  pairViews,
  positionViews,
} from './detail-figures.js';
import { exampleViews } from './examples.js';
import { FIGURES, type Figure, type FigureName } from './chart-data.js';
import type { FigureInput, Views } from './report-sets.js';
import { labelCountViews, subgroupViews } from './set-figures.js';

interface FigureKind {
  title: string;
  about: string;
  views: (input: FigureInput) => Views | Promise<Views>;
}

const KINDS: Record<FigureName, FigureKind> = {
  'label-counts': {
    title: 'Labels of an image',
    about: 'The share of the images of each set that have so many labels.',
    views: labelCountViews,
  },
  subgroups: {
    title: 'Accuracy by number of labels',
    about:
      'A_k is the mean, over the images with k labels, of the share of these among the k highest classes (or under another hit rule, whether any or all are). Bars are intervals, hollow marks are of too few images for one; the dashed line is a random ranking.',
    views: subgroupViews,
  },
  'painted-size': {
    title: 'Recall by painted size',
    about:
      'An object is recalled if its class is among the k highest of an image of k labels. Where the number of objects does not change the size they are painted in, lines of one model for each k tell the two apart.',
    views: paintedSizeViews,
  },
  'given-alone': {
    title: 'Recall given that the object is recognised alone',
    about:
      'Of the objects whose very patch the model recognises in an image of its own, how many does it still recall among others? What is missing there, it cannot see beside others; what is missing elsewhere, it cannot see at all.',
    views: givenAloneViews,
  },
  positions: {
    title: 'Recall by position',
    about: 'The recall of the objects that lie in each cell of the grid.',
    views: positionViews,
  },
  pairs: {
    title: 'Pairs of classes',
    about:
      'Images of exactly two labels, by their pair: the mean recall of the two. Hollow marks are of too few images for an interval.',
    views: pairViews,
  },
  agreement: {
    title: 'Do metrics rank models alike?',
    about:
      'A point is a model. Spearman and Kendall are rank correlations over all models: 1 is the same order, -1 the reverse.',
    views: agreementViews,
  },
  gaps: {
    title: 'Gaps between two sets',
    about:
      'What each model reaches on two sets. How far the ends are apart depends on the metric and its hit rule.',
    views: gapViews,
  },
  differences: {
    title: 'Differences between models',
    about:
      'Each model minus the baseline, which is the one with the highest ASMA unless another was chosen, on the same images, with paired bootstrap intervals. A grey one may be no difference: its interval holds 0.',
    views: differenceViews,
  },
  classes: {
    title: 'Best and worst classes',
    about:
      'The recall of a class: the share of the images with this label in which it is among the k highest. Hollow marks are of too few images for an interval.',
    views: classViews,
  },
  confusions: {
    title: 'Most frequent confusions',
    about:
      'The number of images in which a label is missed while a class that is no label is among the k highest.',
    views: confusionViews,
  },
  examples: {
    title: 'Examples',
    about: 'Images with their labels, and what a model ranks highest in them.',
    views: exampleViews,
  },
};

/** Figures by their names. */
export type FigureMaker = (name: FigureName) => Promise<Figure>;

/** Figures of the same scores, each made when it is first asked for. */
export function figureMaker(input: FigureInput): FigureMaker {
  const figures = new Map<FigureName, Promise<Figure>>();
  return (name) => {
    const figure = figures.get(name) ?? makeFigure(name, input);
    figures.set(name, figure);
    return figure;
  };
}

async function makeFigure(name: FigureName, input: FigureInput): Promise<Figure> {
  const { title, about, views: make } = KINDS[name];
  const made = await make(input);
  const [views, absent] = typeof made === 'string' ? [[], made] : [made, null];
  return { name, title, about, views, absent };
}

/** Every figure of a page, in their order; examples it draws itself. */
export async function makeFigures(figureOf: FigureMaker): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const name of FIGURES.filter((each) => each !== 'examples')) {
    figures.push(await figureOf(name));
  }
  return figures;
}
