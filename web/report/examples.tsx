import { useMemo, useState } from 'preact/hooks';
import type { ExamplesChart } from '../../src/report/chart-data.js';
import type { ExampleSet, ReportExample, ReportExamples } from '../../src/report/examples.js';
import { type ExampleTile, tilesOf } from '../charts/examples.js';
import type { Address, Choose } from './address.js';
import { Choice, SearchField } from './fields.js';
import { Chart, SaveButtons } from './figure-card.js';

/** Tiles of the picture that is saved. */
const MOST_SAVED = 12;

const RESULTS = {
  any: () => true,
  'all labels found': ({ found, k }: Found) => found === k,
  'some labels found': ({ found, k }: Found) => found > 0 && found < k,
  'no label found': ({ found }: Found) => found === 0,
} as const;

const NOBODY = 'nobody';

/** How many of the k labels of an image are among the k highest classes. */
interface Found {
  found: number;
  k: number;
}

function foundBy({ labels, ranked }: ReportExample, model: number): Found {
  const k = labels.length;
  const { classes } = ranked[model]!;
  return { found: classes.slice(0, k).filter((each) => labels.includes(each)).length, k };
}

interface ExamplesProps {
  examples: ReportExamples;
  absent: string | null;
  address: Address;
  choose: Choose;
}

/** Images with what a model ranks highest, filtered by what the address says. */
export function Examples({ examples, absent, address, choose }: ExamplesProps) {
  const names = examples.sets.map(({ set }) => set);
  const set =
    examples.sets.find((each) => each.set === address.get('examples.set')) ?? examples.sets[0];
  return (
    <section id="examples" class="figure">
      <h2 tabIndex={-1}>Examples</h2>
      <p>
        Some images of each number of labels: half drawn at random, half on which the models differ
        or which the only one gets wrong. The five highest classes of a model: labels with a tick,
        others with a cross.
      </p>
      {examples.leftOut !== null && <p class="note">{examples.leftOut}</p>}
      {set ? (
        <ExampleGrid
          key={set.set}
          set={set}
          sets={names}
          classes={examples.classes}
          address={address}
          choose={choose}
        />
      ) : (
        <p class="absent">{absent}</p>
      )}
    </section>
  );
}

interface GridProps {
  set: ExampleSet;
  sets: readonly string[];
  classes: ReportExamples['classes'];
  address: Address;
  choose: Choose;
}

function ExampleGrid({ set, sets, classes, address, choose }: GridProps) {
  const pick = (name: string): ((value: string) => void) => {
    return (value) => {
      choose(`examples.${name}`, value);
    };
  };
  const oneOf = (name: string, options: readonly string[]): string => {
    const wanted = address.get(`examples.${name}`);
    return options.find((option) => option === wanted) ?? options[0]!;
  };
  const counts = ['any', ...new Set(set.images.map(({ labels }) => String(labels.length)))];
  const others = [NOBODY, ...set.models];
  const model = oneOf('model', set.models);
  const k = oneOf('k', counts);
  const result = oneOf('found', Object.keys(RESULTS)) as keyof typeof RESULTS;
  const worse = oneOf('better than', others);
  const text = address.get('examples.class') ?? '';
  const at = set.models.indexOf(model);
  const nameOf = (label: number): string => classes[label]!;
  const shown = set.images.filter((image) => {
    const found = foundBy(image, at);
    if (k !== 'any' && String(found.k) !== k) return false;
    if (!RESULTS[result](found)) return false;
    if (worse !== NOBODY && foundBy(image, set.models.indexOf(worse)).found >= found.found)
      return false;
    const classNames = [...image.labels, ...image.ranked[at]!.classes].map(nameOf);
    return classNames.some((name) => name.toLowerCase().includes(text.toLowerCase()));
  });
  const data: ExamplesChart = {
    kind: 'examples',
    model,
    images: shown.map(({ ranked, ...image }) => ({ ...image, top: ranked[at]! })),
    names: classes,
  };
  return (
    <>
      <div class="choices">
        {sets.length > 1 && (
          <Choice name="set" chosen={set.set} options={sets} onChoose={pick('set')} />
        )}
        <Choice name="model" chosen={model} options={set.models} onChoose={pick('model')} />
        <Choice name="labels of an image" chosen={k} options={counts} onChoose={pick('k')} />
        <Choice
          name="found"
          chosen={result}
          options={Object.keys(RESULTS)}
          onChoose={pick('found')}
        />
        {set.models.length > 1 && (
          <Choice
            name="finds more labels than"
            chosen={worse}
            options={others}
            onChoose={pick('better than')}
          />
        )}
        <SearchField name="class" text={text} hint="part of a name" onText={pick('class')} />
      </div>
      <p role="status" class="count">
        {shown.length} of {set.images.length} examples
      </p>
      <ul class="tiles">
        {tilesOf(data).map((tile) => (
          <Tile key={tile.id} tile={tile} />
        ))}
      </ul>
      <SavedGrid data={data} />
    </>
  );
}

function Tile({ tile: { id, image, labels, ranked } }: { tile: ExampleTile }) {
  return (
    <li>
      {image === null ? (
        <div class="no-image">{id}</div>
      ) : (
        <img src={image} alt={`${id}: ${labels.join(', ')}`} />
      )}
      <p class="labels">{labels.join(', ')}</p>
      <ol>
        {ranked.map(({ name, probability, isRight }, rank) => (
          <li key={rank} class={isRight ? 'right' : 'wrong'}>
            <Mark isRight={isRight} />
            <span class="name">{name}</span>
            {probability !== null && <span>{(100 * probability).toFixed(0)}%</span>}
          </li>
        ))}
      </ol>
    </li>
  );
}

/** A tick or a cross. */
function Mark({ isRight }: { isRight: boolean }) {
  return (
    <svg viewBox="0 0 12 12" role="img" aria-label={isRight ? 'right' : 'wrong'}>
      <path d={isRight ? 'M1.5 6.5 L4.5 10 L10.5 2' : 'M2 2 L10 10 M10 2 L2 10'} />
    </svg>
  );
}

/** The picture that is saved, drawn when it is asked for. */
function SavedGrid({ data }: { data: ExamplesChart }) {
  const [isOpen, setOpen] = useState(false);
  const ids = data.images.slice(0, MOST_SAVED).map(({ id }) => id);
  const first = useMemo(
    () => ({ ...data, images: data.images.slice(0, MOST_SAVED) }),
    [data.model, ids.join()],
  );
  return (
    <details
      onToggle={(event) => {
        setOpen(event.currentTarget.open);
      }}
    >
      <summary>The first {ids.length} as one picture</summary>
      {isOpen && ids.length > 0 && (
        <>
          <Chart title={`Examples, ${data.model}`} data={first} />
          <SaveButtons name="examples" title="Examples" data={first} />
        </>
      )}
    </details>
  );
}
