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
      'A_k is the mean, over the images with k labels, of the share of these among the k highest classes (under the other hit rules: whether any of them is, or all are). Vertical lines are intervals, hollow marks are of too few images for one; the dashed line is a random ranking.',
    views: subgroupViews,
  },
  'painted-size': {
    title: 'Recall by painted size',
    about:
      'An object is recalled if its class is among the k highest of an image of k labels. To tell size from number, choose a model: it has a line for each k.',
    views: paintedSizeViews,
  },
  'given-alone': {
    title: 'Recall given that the object is recognised alone',
    about:
      'Of the objects that the model recognises alone in an image, how many does it still recall among others? Those it misses then, it cannot see beside others; those that it does not recognise alone, it cannot see at all.',
    views: givenAloneViews,
  },
  positions: {
    title: 'Recall by position',
    about: 'The recall of the objects that lie in each cell of the grid, with its interval.',
    views: positionViews,
  },
  pairs: {
    title: 'Pairs of classes',
    about:
      'Images of exactly two labels, by their pair: the mean recall of the two, and the number of images. Hollow marks are of too few for an interval.',
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
      'The recall of a class: the share of its images in which it is among the k highest, and their number. Hollow marks are of too few for an interval.',
    views: classViews,
  },
  confusions: {
    title: 'Most frequent confusions',
    about:
      'The number of images in which a label is missed while another class, which is no label, is among the k highest; of all images with that label.',
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
  return { name, title, about, views, absent, leftOut: null };
}

/** Every figure of a page, in their order; examples it draws itself. */
export async function makeFigures(figureOf: FigureMaker): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const name of FIGURES.filter((each) => each !== 'examples')) {
    figures.push(await figureOf(name));
  }
  return figures;
}
