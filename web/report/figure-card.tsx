import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { ChartData, Figure, FigureView } from '../../src/report/chart-data.js';
import { drawChart } from '../charts/draw.js';
import { isEmpty, withModels } from '../charts/filter.js';
import { tableOf } from '../charts/table.js';
import type { Address, Choose } from './address.js';
import { Choice } from './fields.js';
import { savePng, saveSvg } from './save.js';
import { type SortedColumn, SortedTable } from '../shared/sorted-table.js';

interface FigureCardProps {
  figure: Figure;
  address: Address;
  choose: Choose;
  isShown: (model: string) => boolean;
}

/** A figure: what chooses its chart, the chart, its data as a table, and saving it. */
export function FigureCard({ figure, address, choose, isShown }: FigureCardProps) {
  const { name, title, about, views, absent, leftOut } = figure;
  const view = chosenView(figure, address);
  const data = useMemo(() => view && withModels(view.data, isShown), [view, isShown]);
  return (
    <section id={name} class="figure">
      <h2 tabIndex={-1}>{title}</h2>
      <p>{about}</p>
      {leftOut !== null && <p class="note">{leftOut}</p>}
      {view && data ? (
        <>
          <div class="choices">
            {Object.keys(view.choice).map((key) => (
              <Choice
                key={key}
                name={key}
                chosen={view.choice[key]!}
                options={optionsOf(views, view, key)}
                onChoose={(value) => {
                  choose(`${name}.${key}`, value);
                }}
              />
            ))}
          </div>
          {isEmpty(data) ? (
            <p>No model that is shown is in it.</p>
          ) : (
            <ChartBlock name={name} title={title} data={data} address={address} choose={choose} />
          )}
        </>
      ) : (
        <p class="absent">{absent}</p>
      )}
    </section>
  );
}

/** The first view with what the address chooses, as far as there is one. */
function chosenView({ name, views }: Figure, address: Address): FigureView | undefined {
  let left = views;
  for (const key of Object.keys(views[0]?.choice ?? {})) {
    const wanted = address.get(`${name}.${key}`);
    const found = left.filter(({ choice }) => choice[key] === wanted);
    if (found.length > 0) left = found;
    else left = left.filter(({ choice }) => choice[key] === left[0]!.choice[key]);
  }
  return left[0];
}

/** What a key can be, given what is chosen before it. */
function optionsOf(views: readonly FigureView[], { choice }: FigureView, key: string): string[] {
  const keys = Object.keys(choice);
  const before = keys.slice(0, keys.indexOf(key));
  const possible = views.filter((view) =>
    before.every((each) => view.choice[each] === choice[each]),
  );
  return [...new Set(possible.flatMap((view) => view.choice[key] ?? []))];
}

interface ChartBlockProps {
  name: string;
  title: string;
  data: ChartData;
  address: Address;
  choose: Choose;
}

function ChartBlock({ name, title, data, address, choose }: ChartBlockProps) {
  return (
    <>
      <Chart title={title} data={data} />
      <SaveButtons name={name} title={title} data={data} />
      <details>
        <summary>Data of this figure</summary>
        <DataTableView name={name} title={title} data={data} address={address} choose={choose} />
      </details>
    </>
  );
}

/** px that a chart is drawn in: as wide as the page has room for, and as it is saved. */
const [NARROWEST, WIDEST] = [320, 760];

function drawIn(width: number, title: string, data: ChartData): SVGSVGElement {
  return drawChart(data, title, {
    document,
    width,
    fontSize: 13,
    fontFamily: 'system-ui, sans-serif',
  });
}

/** A chart's picture, drawn again where the page becomes narrower or wider. */
export function Chart({ title, data }: { title: string; data: ChartData }) {
  const place = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const fit = (): void => {
      setWidth(Math.min(WIDEST, Math.max(NARROWEST, place.current!.clientWidth)));
    };
    fit();
    const observer = new ResizeObserver(fit);
    observer.observe(place.current!);
    return () => {
      observer.disconnect();
    };
  }, []);
  useLayoutEffect(() => {
    if (width > 0) place.current!.replaceChildren(drawIn(width, title, data));
  }, [data, title, width]);
  return <div class="chart" ref={place} />;
}

/** Saves a chart, the same whatever the page's width. */
export function SaveButtons({
  name,
  title,
  data,
}: {
  name: string;
  title: string;
  data: ChartData;
}) {
  const kinds = [
    ['SVG', saveSvg],
    ['PNG', savePng],
  ] as const;
  return (
    <div class="actions">
      {kinds.map(([kind, save]) => (
        <button
          key={kind}
          type="button"
          aria-label={`Save as ${kind}: ${title}`}
          onClick={() => void save(name, drawIn(WIDEST, title, data))}
        >
          Save as {kind}
        </button>
      ))}
    </div>
  );
}

type Cells = (string | number | null)[];

function DataTableView({ name, title, data, address, choose }: ChartBlockProps) {
  const { columns, rows } = useMemo(() => {
    const { head, rows, isShare } = tableOf(data);
    const columns = head.map((label, at): SortedColumn<Cells> => ({
      id: String(at),
      label,
      value: (row) => row[at] ?? null,
      cell: (row) => cellText(row[at] ?? null, isShare[at]!),
      isText: typeof rows[0]?.[at] === 'string',
    }));
    return { columns, rows };
  }, [data]);
  const key = `${name}.sort`;
  return (
    <SortedTable
      caption={title}
      columns={columns}
      rows={rows}
      sort={address.get(key) ?? null}
      onSort={(sort) => {
        choose(key, sort);
      }}
    />
  );
}

function cellText(value: string | number | null, isShare: boolean): ComponentChildren {
  if (value === null) return '';
  if (typeof value === 'string') return value;
  if (isShare) return `${(100 * value).toFixed(1)}%`;
  return Number.isInteger(value) ? value : value.toPrecision(3);
}
