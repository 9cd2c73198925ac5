import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type {
  ImageDetail,
  ObjectDetail,
  Overview,
  Ranking,
  SetSummary,
} from '../../src/viewer/answers.js';
import { EVERYTHING, type View } from './address.js';
import { pictureOf, useImage, useRankings } from './answers.js';
import { Found, type Go, numberText, type PartProps, useKeys, ViewLink } from './parts.js';

/** The kinds of sets whose images have boxes. */
const BOXED: readonly SetSummary['kind'][] = ['dataset', 'release'];

/** One image: its objects with their boxes, and what each model ranks highest in it. */
export function ImagePage(props: PartProps & { image: number }): VNode {
  const { overview, set, versus, view, go, answers, shown, image } = props;
  const { ids } = answers.index;
  const place = shown.indexOf(image);
  const linkTo = (image: number | undefined): View => ({
    ...view,
    image: image === undefined ? undefined : ids[image],
  });
  const [before, after] = [shown[place - 1], place === -1 ? undefined : shown[place + 1]];
  const [hasBoxes, setBoxes] = useState(true);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    heading.current?.focus();
  }, [image]);
  useKeys((event) => {
    const next = { ArrowLeft: before, ArrowRight: after }[event.key];
    if (event.key === 'Escape') go(linkTo(undefined));
    else if (next !== undefined) go(linkTo(next), { replace: true });
    else if (event.key === 'b') setBoxes((shown) => !shown);
    else return;
    event.preventDefault();
  });
  const other = answers.versus?.places[image] ?? -1;
  const pictured = { overview, go, hasBoxes };
  return (
    <main id="content" class="image-page" tabIndex={-1}>
      <nav class="steps" aria-label="Images">
        <ViewLink to={linkTo(undefined)} go={go}>
          All images <kbd>Esc</kbd>
        </ViewLink>
        {before === undefined ? (
          <span>Previous</span>
        ) : (
          <ViewLink to={linkTo(before)} go={go} rel="prev">
            Previous <kbd>←</kbd>
          </ViewLink>
        )}
        {after === undefined ? (
          <span>Next</span>
        ) : (
          <ViewLink to={linkTo(after)} go={go} rel="next">
            Next <kbd>→</kbd>
          </ViewLink>
        )}
        {place >= 0 && (
          <span class="place">
            {numberText(place + 1)} of {numberText(shown.length)}
          </span>
        )}
      </nav>
      <h1 ref={heading} tabIndex={-1}>
        {ids[image]}
      </h1>
      {BOXED.includes(set.kind) && (
        <label class="toggle">
          <input
            type="checkbox"
            checked={hasBoxes}
            onChange={({ currentTarget: { checked } }) => {
              setBoxes(checked);
            }}
          />
          Show the boxes <kbd>b</kbd>
        </label>
      )}
      <div class={versus ? 'sides two' : 'sides'}>
        <Side
          {...pictured}
          set={set}
          image={image}
          view={view}
          title={versus ? set.title : undefined}
        />
        {versus && other >= 0 && (
          <Side
            {...pictured}
            set={versus}
            image={other}
            view={{ ...view, models: [] }}
            title={versus.title}
          />
        )}
        {versus && other === -1 && <p class="nothing">{versus.title} has no image of this id.</p>}
      </div>
    </main>
  );
}

interface SideProps {
  overview: Overview;
  set: SetSummary;
  image: number;
  view: View;
  title: string | undefined;
  go: Go;
  hasBoxes: boolean;
}

/** An image as one set has it. */
function Side({ overview, set, image, view, title, go, hasBoxes }: SideProps): VNode {
  const { value: detail, error } = useImage(set.key, image);
  const [lit, setLit] = useState<number>();
  useEffect(() => {
    setLit(undefined);
  }, [image]);
  return (
    <section class="side" aria-label={title ?? 'Image'}>
      {title !== undefined && <h2>{title}</h2>}
      {error !== undefined && (
        <p class="nothing" role="alert">
          {error}
        </p>
      )}
      {detail && (
        <>
          <div class="what">
            {set.hasPixels && (
              <Picture {...{ overview, set, image, detail, lit }} hasBoxes={hasBoxes} />
            )}
            <div class="facts">
              {detail.objects.length > 0 && (
                <Objects {...{ overview, set, detail, go, lit }} onLight={setLit} />
              )}
              {set.kind === 'images' && (
                <p>
                  {detail.labels.length === 0
                    ? 'It has no label.'
                    : `Labels: ${detail.labels.map((label) => classText(overview, label)).join(', ')}`}
                </p>
              )}
              {detail.file !== undefined && <p class="file">{detail.file}</p>}
              {set.models.length > 0 && <Rankings {...{ overview, set, image, detail, view }} />}
            </div>
          </div>
        </>
      )}
    </section>
  );
}

function classText({ classes }: Overview, index: number): string {
  return classes[index]?.name ?? `class ${index}`;
}

type PictureProps = Pick<SideProps, 'overview' | 'set' | 'image' | 'hasBoxes'> & {
  detail: ImageDetail;
  lit: number | undefined;
};

function Picture({ overview, set, image, detail, lit, hasBoxes }: PictureProps): VNode {
  const [size, setSize] = useState<[number, number]>();
  const [isBroken, setBroken] = useState(false);
  const boxes = detail.objects.filter(({ boxIn }) => boxIn === 'image');
  const names = detail.labels.map((label) => classText(overview, label)).join(', ');
  const what = detail.file === undefined ? 'thumbnail' : 'picture';
  if (isBroken)
    return <p class="nothing">This picture cannot be shown; check it with “patchml verify”.</p>;
  return (
    <figure class="full">
      <img
        src={pictureOf(set.key, image, what)}
        alt={`${detail.id}: ${names}`}
        onLoad={({ currentTarget: { naturalWidth, naturalHeight } }) => {
          setSize([naturalWidth, naturalHeight]);
        }}
        onError={() => {
          setBroken(true);
        }}
      />
      {size && hasBoxes && boxes.length > 0 && (
        <svg viewBox={`0 0 ${size[0]} ${size[1]}`} aria-hidden="true">
          {boxes.map(({ box: [x, y, width, height] }, at) => (
            <g key={at} class={lit === at ? 'box lit' : 'box'}>
              <rect class="halo" {...{ x, y, width, height }} />
              <rect class="line" {...{ x, y, width, height }} />
              <text x={x + 4} y={y + 13}>
                {at + 1}
              </text>
            </g>
          ))}
        </svg>
      )}
    </figure>
  );
}

type ObjectsProps = Pick<SideProps, 'overview' | 'set' | 'go'> & {
  detail: ImageDetail;
  lit: number | undefined;
  onLight: (object: number | undefined) => void;
};

/** The objects in the order they were painted in. */
function Objects({ overview, set, detail, go, lit, onLight }: ObjectsProps): VNode {
  const pool = overview.sets.find(({ kind, digest }) => kind === 'pool' && digest === set.pool);
  const isPool = set.kind === 'pool';
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Objects">
      <table>
        <caption>{isPool ? 'Patch' : 'Objects'}</caption>
        <thead>
          <tr>
            <th scope="col">#</th>
            <th scope="col">Class</th>
            <th scope="col">
              {isPool ? 'Box in the source' : 'Box'}, px
              <small>x, y, width, height</small>
            </th>
            <th scope="col">Patch, and its source image</th>
          </tr>
        </thead>
        <tbody>
          {detail.objects.map((object, at) => (
            <tr
              key={at}
              class={lit === at ? 'lit' : ''}
              onMouseEnter={() => {
                onLight(at);
              }}
              onMouseLeave={() => {
                onLight(undefined);
              }}
            >
              <td>{at + 1}</td>
              <td>
                <ViewLink to={{ ...EVERYTHING, set: set.key, classes: [object.class] }} go={go}>
                  {classText(overview, object.class)}
                </ViewLink>
                <small>{overview.classes[object.class]?.wnid}</small>
              </td>
              <td class="number">{object.box.join(', ')}</td>
              <td>
                {pool ? <PatchLink {...{ object, pool, go }} /> : object.patch}
                <small>
                  of{' '}
                  <ViewLink to={{ ...EVERYTHING, set: set.key, text: object.source }} go={go}>
                    {object.source}
                  </ViewLink>
                </small>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function PatchLink({
  object,
  pool,
  go,
}: {
  object: ObjectDetail;
  pool: SetSummary;
  go: Go;
}): VNode {
  return (
    <ViewLink to={{ ...EVERYTHING, set: pool.key, image: object.patch }} go={go}>
      {object.patch}
    </ViewLink>
  );
}

type RankingsProps = Pick<SideProps, 'overview' | 'set' | 'image' | 'view'> & {
  detail: ImageDetail;
};

/** Of more models than these, the rankings are shown when they are asked for. */
const FEW = 12;

/** What each model ranks highest; the chosen ones come first. */
function Rankings({ overview, set, image, detail, view }: RankingsProps): VNode {
  const [isAll, setAll] = useState(set.models.length <= FEW);
  const chosen = view.models.map(({ key }) => key);
  const others = set.models.map(({ key }) => key).filter((key) => !chosen.includes(key));
  const inOrder = [...chosen, ...others];
  const models = isAll ? inOrder : inOrder.slice(0, Math.max(FEW, chosen.length));
  const { value: rankings, error } = useRankings(set.key, image, models);
  return (
    <>
      {error !== undefined && (
        <p class="nothing" role="alert">
          {error}
        </p>
      )}
      <div class="rankings">
        {rankings?.map((ranking, at) => (
          <RankingCard
            key={models[at]}
            {...{ overview, detail, ranking }}
            name={set.models.find(({ key }) => key === models[at])?.name ?? ''}
            isChosen={chosen.includes(models[at]!)}
          />
        ))}
      </div>
      {!isAll && (
        <button
          type="button"
          class="more"
          onClick={() => {
            setAll(true);
          }}
        >
          Show all {set.models.length} models
        </button>
      )}
    </>
  );
}

/** Classes of each ranking that are shown, at least. */
const TOP = 5;

interface CardProps {
  overview: Overview;
  detail: ImageDetail;
  ranking: Ranking;
  name: string;
  isChosen: boolean;
}

function RankingCard({ overview, detail, ranking, name, isChosen }: CardProps): VNode {
  const { classes, probabilities, found, of } = ranking;
  const known = detail.labels.length > 0;
  return (
    <article class={isChosen ? 'ranking chosen' : 'ranking'}>
      <h3>{name}</h3>
      <p>
        <Found name={`of the labels are among its first ${of}`} found={found} of={of} />
      </p>
      <ol>
        {classes.slice(0, Math.max(TOP, of)).map((label, rank) => {
          const isRight = detail.labels.includes(label);
          const share = probabilities?.[rank];
          return (
            <li
              key={label}
              class={`${!known ? '' : isRight ? 'right' : 'wrong'} ${rank === of - 1 ? 'last' : ''}`}
            >
              {known && (
                <span class="mark" role="img" aria-label={isRight ? 'right' : 'wrong'}>
                  {isRight ? '✓' : '✗'}
                </span>
              )}
              <span class="name">{classText(overview, label)}</span>
              {share !== undefined && (
                <>
                  <span class="bar" aria-hidden="true">
                    <span style={{ width: `${100 * share}%` }} />
                  </span>
                  <span class="number">{(100 * share).toFixed(1)}%</span>
                </>
              )}
            </li>
          );
        })}
      </ol>
    </article>
  );
}
