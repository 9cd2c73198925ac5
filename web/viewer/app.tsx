import type { ComponentChildren, VNode } from 'preact';
import { useMemo, useRef, useState } from 'preact/hooks';
import type { Overview, SetSummary } from '../../src/viewer/answers.js';
import { EVERYTHING, useView, type View } from './address.js';
import { useOverview, useSet } from './answers.js';
import { filterImages } from './filter.js';
import { Filters } from './filters.js';
import { Gallery } from './gallery.js';
import { Help } from './help.js';
import { ImagePage } from './image-page.js';
import { follow, type Go, type PartProps, type SetViewProps, useKeys } from './parts.js';
import { SetList } from './set-list.js';

export function App(): VNode {
  const { value: overview, error } = useOverview();
  const [view, go] = useView();
  const [isHelpOpen, setHelpOpen] = useState(false);
  useKeys((event) => {
    if (event.key !== '?') return;
    event.preventDefault();
    setHelpOpen(true);
  });
  if (error !== undefined) return <Message>{error}</Message>;
  if (!overview) return <Message>Loading…</Message>;
  const only = overview.sets.length === 1 ? overview.sets[0] : undefined;
  const key = view.set ?? (only?.models.length === 0 ? only.key : undefined);
  const set = overview.sets.find((known) => known.key === key);
  return (
    <>
      <a class="skip" href="#content">
        Skip to the content
      </a>
      <header class="top">
        <a
          class="home"
          href="?"
          onClick={follow(() => {
            go(EVERYTHING);
          })}
        >
          patchml view
        </a>
        <SetPicker overview={overview} set={set} go={go} />
        <button
          type="button"
          class="quiet"
          onClick={() => {
            setHelpOpen(true);
          }}
        >
          Keys <kbd>?</kbd>
        </button>
      </header>
      {set ? (
        <SetView key={set.key} {...{ overview, set, go }} view={{ ...view, set: set.key }} />
      ) : key === undefined ? (
        <SetList {...{ overview, view, go }} />
      ) : (
        <Message>This address is of a set that is not open here: {key}</Message>
      )}
      <Help
        isOpen={isHelpOpen}
        onClose={() => {
          setHelpOpen(false);
        }}
      />
    </>
  );
}

function SetPicker({
  overview,
  set,
  go,
}: {
  overview: Overview;
  set: SetSummary | undefined;
  go: Go;
}): VNode {
  return (
    <select
      aria-label="Set"
      value={set?.key ?? ''}
      onChange={({ currentTarget: { value } }) => {
        go(value === '' ? EVERYTHING : { ...EVERYTHING, set: value });
      }}
    >
      <option value="">All sets</option>
      {overview.sets.map(({ key, title, kind }) => (
        <option key={key} value={key}>
          {title} ({kind})
        </option>
      ))}
    </select>
  );
}

/** The gallery of a set, or one of its images. */
function SetView({ overview, set, view, go }: SetViewProps): VNode {
  const chosen = view.models.filter(({ key }) => set.models.some((model) => model.key === key));
  // Scores without pictures are about nothing else.
  const models = chosen.length > 0 || set.kind !== 'scores' ? chosen : set.models.slice(0, 1);
  const versus = overview.sets.find(({ key }) => key === view.versus && key !== set.key);
  const known: View = { ...view, models, versus: versus?.key };
  const { value: answers, error } = useSet(
    set.key,
    models.map(({ key }) => key),
    versus?.key,
  );
  const filters = JSON.stringify({ ...known, image: undefined });
  const shown = useMemo(
    () => answers && filterImages(answers, known, overview.classes),
    [answers, filters],
  );
  // Where the gallery begins when an image is left.
  const last = useRef<number | undefined>(undefined);
  if (error !== undefined) return <Message>{error}</Message>;
  if (!answers || !shown) return <Message>Loading…</Message>;
  const parts: PartProps = { overview, set, versus, view: known, go, answers, shown };
  if (view.image === undefined) {
    return (
      <div class="browse">
        <Filters {...parts} />
        <Gallery key={filters} {...parts} start={last.current} />
      </div>
    );
  }
  const image = answers.index.ids.indexOf(view.image);
  if (image === -1) return <Message>There is no image {view.image} in this set.</Message>;
  last.current = image;
  return <ImagePage {...parts} image={image} />;
}

function Message({ children }: { children: ComponentChildren }): VNode {
  return (
    <main id="content" class="message" tabIndex={-1}>
      <p role="status">{children}</p>
    </main>
  );
}
