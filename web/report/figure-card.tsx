import type { ComponentChildren, RefObject } from 'preact';
import { useId, useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import type { ChartData, Figure, FigureView } from '../../src/report/chart-data.js';
import { drawChart } from '../charts/draw.js';
import { isEmpty, withModels } from '../charts/filter.js';
import { tableOf } from '../charts/table.js';
import type { Address, Choose } from './address.js';
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
  const { name, title, about, views, absent } = figure;
  const view = chosenView(figure, address);
  const data = useMemo(() => view && withModels(view.data, isShown), [view, isShown]);
  return (
    <section id={name} class="figure">
      <h2 tabIndex={-1}>{title}</h2>
      <p>{about}</p>
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

interface ChoiceProps {
  name: string;
  chosen: string;
  options: readonly string[];
  onChoose: (value: string) => void;
}

/** One thing to choose. */
export function Choice({ name, chosen, options, onChoose }: ChoiceProps) {
  const id = useId();
  return (
    <div class="choice">
      <label for={id}>{name}</label>
      <select
        id={id}
        value={chosen}
        onChange={(event) => {
          onChoose(event.currentTarget.value);
        }}
      >
        {options.map((option) => (
          <option key={option} value={option}>
            {option}
          </option>
        ))}
      </select>
    </div>
  );
}

interface ChartBlockProps {
  name: string;
  title: string;
  data: ChartData;
  address: Address;
  choose: Choose;
}

function ChartBlock({ name, title, data, address, choose }: ChartBlockProps) {
  const place = useRef<HTMLDivElement>(null);
  return (
    <>
      <Chart place={place} title={title} data={data} />
      <div class="actions">
        <SaveButtons name={name} title={title} place={place} />
      </div>
      <details>
        <summary>Data of this figure</summary>
        <DataTableView name={name} title={title} data={data} address={address} choose={choose} />
      </details>
    </>
  );
}

/** px that charts are drawn in; they shrink with a narrow page. */
const WIDTH = 760;

/** A chart's picture. */
export function Chart({
  place,
  title,
  data,
}: {
  place: RefObject<HTMLDivElement | null>;
  title: string;
  data: ChartData;
}) {
  useLayoutEffect(() => {
    const style = { document, width: WIDTH, fontSize: 13, fontFamily: 'system-ui, sans-serif' };
    place.current!.replaceChildren(drawChart(data, title, style));
  }, [place, data, title]);
  return <div class="chart" ref={place} />;
}

/** Saves the chart in a place. */
export function SaveButtons({
  name,
  title,
  place,
}: {
  name: string;
  title: string;
  place: RefObject<HTMLDivElement | null>;
}) {
  const svg = (): SVGSVGElement => place.current!.querySelector('svg')!;
  return (
    <>
      <button
        type="button"
        aria-label={`Save as SVG: ${title}`}
        onClick={() => {
          saveSvg(name, svg());
        }}
      >
        Save as SVG
      </button>
      <button
        type="button"
        aria-label={`Save as PNG: ${title}`}
        onClick={() => void savePng(name, svg())}
      >
        Save as PNG
      </button>
    </>
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
