import type { VNode } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { follow, Found, type PartProps } from './parts.js';
import { type View, writeAddress } from './address.js';
import { pictureOf } from './answers.js';
import { labelsOf } from './filter.js';
import { useVirtualRows } from './virtual-rows.js';

/** The least width of a picture, and what is between two pictures of a tile, and two tiles, px. */
const [PICTURE, SEAM, GAP] = [168, 4, 12];
/** Height of a line under a picture, and of what is around these lines, px. */
const [LINE, AROUND] = [20, 8];
/** Scrolling faster than so many px in a millisecond, no picture is asked for. */
const FAST = 6;

/** All images that are shown, of which only those in sight are in the page. */
export function Gallery(props: PartProps & { start: number | undefined }): VNode {
  const { shown, set, versus, view, go } = props;
  const scroller = useRef<HTMLElement>(null);
  const width = useWidth(scroller);
  const across = versus ? 2 : 1;
  const columns = Math.max(1, Math.floor((width - GAP) / (PICTURE * across + GAP)));
  const tile = Math.floor((width - GAP * (columns + 1)) / columns);
  const picture = Math.floor((tile - SEAM * (across - 1)) / across);
  const height = (set.hasPixels ? picture : 0) + AROUND + LINE * linesOf(props) + GAP;
  const first = Math.max(0, shown.indexOf(props.start ?? -1));
  // In a reference too: keys come faster than the page is drawn.
  const position = useRef(first);
  const [active, setDrawnActive] = useState(first);
  const setActive = (place: number): void => {
    position.current = place;
    setDrawnActive(place);
  };
  const wantsFocus = useRef(props.start !== undefined);
  const rows = useVirtualRows(scroller, {
    count: width === 0 ? 0 : Math.ceil(shown.length / columns),
    height,
    first: Math.floor(first / columns),
  });
  const isFast = useIsFast(rows.scrollOffset ?? 0, rows.isScrolling);
  const drawn = rows.getVirtualItems();
  const [from, to] = [
    (drawn[0]?.index ?? 0) * columns,
    ((drawn.at(-1)?.index ?? -1) + 1) * columns,
  ];
  // The image that Tab leads to is always among those that are drawn.
  const isDrawn = (place: number): boolean => place >= from && place < to;
  const tabbable = isDrawn(active) ? active : from;

  const isPlaced = useRef(false);
  useLayoutEffect(() => {
    if (width === 0 || isPlaced.current) return;
    isPlaced.current = true;
    rows.scrollToIndex(Math.floor(first / columns), { align: 'center' });
  });
  useEffect(() => {
    if (!wantsFocus.current) return;
    // Not what was drawn: the next key may have come since, and a focus that lags would undo it.
    const tile = scroller.current?.querySelector<HTMLElement>(`[data-place="${position.current}"]`);
    if (!tile) return;
    wantsFocus.current = false;
    tile.focus({ preventScroll: true });
  });
  const move = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / height)) * columns;
    const steps: Record<string, number> = {
      ArrowLeft: -1,
      ArrowRight: 1,
      ArrowUp: -columns,
      ArrowDown: columns,
      PageUp: -page,
      PageDown: page,
      Home: -shown.length,
      End: shown.length,
    };
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const place = Math.min(shown.length - 1, Math.max(0, position.current + step));
    wantsFocus.current = true;
    setActive(place);
    rows.scrollToIndex(Math.floor(place / columns));
  };
  return (
    <main ref={scroller} id="content" class="gallery" tabIndex={-1} aria-label="Images">
      {shown.length === 0 && <p class="nothing">No image passes these filters.</p>}
      <div role="list" class="rows" style={{ height: `${rows.getTotalSize()}px` }} onKeyDown={move}>
        {drawn.flatMap(({ index: row, start }) =>
          shown.slice(row * columns, (row + 1) * columns).map((image, column) => {
            const place = row * columns + column;
            return (
              <div
                key={image}
                role="listitem"
                class="cell"
                aria-setsize={shown.length}
                aria-posinset={place + 1}
                style={{
                  width: `${tile}px`,
                  height: `${height - GAP}px`,
                  transform: `translate(${GAP + column * (tile + GAP)}px, ${start + GAP}px)`,
                }}
              >
                <Tile
                  {...props}
                  {...{ image, place, isFast }}
                  isTabbable={place === tabbable}
                  open={(to) => {
                    go(to);
                  }}
                  onFocus={() => {
                    setActive(place);
                  }}
                  to={{ ...view, image: props.answers.index.ids[image] }}
                />
              </div>
            );
          }),
        )}
      </div>
    </main>
  );
}

/** The id; two lines of names, or one with the number of labels; a line for each model. */
function linesOf({ answers, view }: PartProps): number {
  return 1 + (hasNames(answers) ? 2 : 1) + view.models.length;
}

function hasNames({ index }: PartProps['answers']): boolean {
  return index.labels.values.length > 0;
}

interface TileProps extends PartProps {
  image: number;
  place: number;
  isFast: boolean;
  isTabbable: boolean;
  to: View;
  open: (view: View) => void;
  onFocus: () => void;
}

function Tile(props: TileProps): VNode {
  const { set, versus, answers, overview, image, place, isFast, isTabbable, to, view } = props;
  // A picture that was asked for stays, however fast its tile moves on.
  const [isAsked, setAsked] = useState(!isFast);
  if (!isFast && !isAsked) setAsked(true);
  const { index } = answers;
  const labels = labelsOf(index.labels, image);
  const names = labels.map((label) => overview.classes[label]?.name ?? String(label)).join(', ');
  const other = answers.versus?.places[image] ?? -1;
  const difference = answers.versus?.differences[image];
  return (
    <a
      class="tile"
      href={writeAddress(to)}
      data-place={place}
      tabIndex={isTabbable ? 0 : -1}
      onFocus={props.onFocus}
      onClick={follow(() => {
        props.open(to);
      })}
    >
      {set.hasPixels && (
        <span class="pictures">
          <Picture set={set.key} image={image} isAsked={isAsked} />
          {versus && (
            <Picture set={versus.key} image={other} isAsked={isAsked && versus.hasPixels} />
          )}
        </span>
      )}
      <span class="caption">
        <span class="id" title={index.ids[image]}>
          {shortened(index.ids[image]!)}
          {difference !== undefined && difference !== 'none' && (
            <span class="differs">
              {difference === 'missing' ? 'only here' : `other ${difference}`}
            </span>
          )}
        </span>
        {hasNames(answers) ? (
          <span class="names" title={names}>
            {names}
          </span>
        ) : (
          <span class="labels">
            {index.k[image]} {index.k[image] === 1 ? 'label' : 'labels'}
          </span>
        )}
        {view.models.map(({ key }, at) => (
          <Found
            key={key}
            name={nameOf(props, key)}
            found={answers.results[at]!.found[image]!}
            of={answers.results[at]!.of[image]!}
          />
        ))}
      </span>
    </a>
  );
}

/** An id with its end, which tells it from others: `ILSVRC201…00000067#0`. */
function shortened(id: string): string {
  return id.length > 20 ? `${id.slice(0, 9)}…${id.slice(-10)}` : id;
}

function nameOf({ set }: PartProps, key: string): string {
  return set.models.find((model) => model.key === key)?.name ?? key;
}

function Picture({ set, image, isAsked }: { set: string; image: number; isAsked: boolean }): VNode {
  const [isBroken, setBroken] = useState(false);
  if (image === -1) return <span class="picture none">not there</span>;
  if (isBroken) return <span class="picture none">cannot be shown</span>;
  return (
    <span class="picture">
      {isAsked && (
        <img
          src={pictureOf(set, image, 'thumbnail')}
          alt=""
          decoding="async"
          draggable={false}
          onError={() => {
            setBroken(true);
          }}
        />
      )}
    </span>
  );
}

function useWidth(scroller: { current: HTMLElement | null }): number {
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const observer = new ResizeObserver(([entry]) => {
      setWidth(Math.floor(entry!.contentRect.width));
    });
    observer.observe(scroller.current!);
    return () => {
      observer.disconnect();
    };
  }, []);
  return width;
}

/** Whether the list moves so fast that nobody sees its pictures. */
function useIsFast(offset: number, isScrolling: boolean): boolean {
  const last = useRef({ offset, time: 0 });
  const now = performance.now();
  const { offset: before, time } = last.current;
  last.current = { offset, time: now };
  return isScrolling && Math.abs(offset - before) / Math.max(1, now - time) > FAST;
}
