import {
  createColumnHelper,
  createSortedRowModel,
  rowSortingFeature,
  sortFn_basic,
  sortFn_text,
  tableFeatures,
  useTable,
} from '@tanstack/preact-table';
import type { VNode } from 'preact';
import { useMemo } from 'preact/hooks';
import type {
  MetricSummary,
  ModelSummary,
  Overview,
  SetSummary,
} from '../../src/viewer/answers.js';
import { EVERYTHING } from './address.js';
import { type Go, numberText, ViewLink } from './parts.js';

const KINDS: Record<SetSummary['kind'], string> = {
  dataset: 'Dataset',
  release: 'Release',
  pool: 'Pool',
  images: 'Images with labels',
  scores: 'Scores without their images',
};

/** Everything that is open. */
export function SetList({ overview, go }: { overview: Overview; go: Go }): VNode {
  return (
    <main id="content" class="set-list" tabIndex={-1}>
      <h1>What is open here</h1>
      {overview.sets.map((set) => (
        <article key={set.key} class="set">
          <h2>
            <ViewLink to={{ ...EVERYTHING, set: set.key }} go={go}>
              {set.title}
            </ViewLink>
          </h2>
          <p class="about">
            {KINDS[set.kind]} · {numberText(set.images)}{' '}
            {set.kind === 'pool' ? 'patches' : 'images'}
            {!set.hasPixels && set.kind === 'release' && ' · recipe only, without pictures'} ·{' '}
            <span class="path">{set.path}</span> ·{' '}
            <span class="digest">{set.digest.slice(0, 12)}</span>
          </p>
          {set.kind === 'scores' && (
            <p class="about">
              To see the pictures, pass the dataset that these scores are of, or its images and
              labels (--images, --labels, --originals).
            </p>
          )}
          {set.models.length > 0 && <ModelTable set={set} go={go} />}
        </article>
      ))}
      {overview.problems.length > 0 && (
        <section class="problems" aria-label="Left out">
          <h2>Left out</h2>
          <ul>
            {overview.problems.map(({ path, message }) => (
              <li key={path}>{message}</li>
            ))}
          </ul>
        </section>
      )}
    </main>
  );
}

const features = tableFeatures({
  rowSortingFeature,
  sortedRowModel: createSortedRowModel(),
  sortFns: { basic: sortFn_basic, text: sortFn_text },
});
const helper = createColumnHelper<typeof features, ModelSummary>();

/** The metrics that fit a screen, in this order; the scorecards have them all. */
const SHOWN = [/^top1$/, /^real$/, /^variableTopK$/, /^exactMatch$/, /^asma$/, /^A_>?\d+$/];

function ModelTable({ set, go }: { set: SetSummary; go: Go }): VNode {
  const columns = useMemo(() => {
    const metrics = new Map<string, string>();
    const all = set.models.flatMap((model) => model.metrics).filter(({ n }) => n > 0);
    for (const form of SHOWN) {
      for (const { name, label } of all) if (form.test(name)) metrics.set(name, label);
    }
    return helper.columns([
      helper.accessor('name', { header: 'Model', sortFn: 'text' }),
      ...[...metrics].map(([name, label]) =>
        helper.accessor((model) => metricOf(model, name)?.value ?? -1, {
          id: name,
          header: label,
          sortFn: 'basic',
          sortDescFirst: true,
        }),
      ),
    ]);
  }, [set]);
  const table = useTable({ features, columns, data: set.models });
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={`Models on ${set.title}`}>
      <table>
        <thead>
          {table.getHeaderGroups().map((group) => (
            <tr key={group.id}>
              {group.headers.map(({ id, column }) => {
                const sorted = column.getIsSorted();
                return (
                  <th
                    key={id}
                    scope="col"
                    aria-sort={
                      sorted === false ? 'none' : sorted === 'asc' ? 'ascending' : 'descending'
                    }
                  >
                    <button
                      type="button"
                      class="sort"
                      onClick={() => {
                        column.toggleSorting();
                      }}
                    >
                      {String(column.columnDef.header)}
                      <span aria-hidden="true">
                        {sorted === false ? '' : sorted === 'asc' ? ' ▲' : ' ▼'}
                      </span>
                    </button>
                  </th>
                );
              })}
            </tr>
          ))}
        </thead>
        <tbody>
          {table.getRowModel().rows.map(({ id, original }) => (
            <tr key={id}>
              <th scope="row">
                <ViewLink
                  to={{ ...EVERYTHING, set: set.key, models: [{ key: original.key }] }}
                  go={go}
                >
                  {original.name}
                </ViewLink>
              </th>
              {columns.slice(1).map(({ id: name }) => {
                const metric = metricOf(original, name ?? '');
                return (
                  <td key={name} class="number">
                    {metric?.text ?? '-'} <span class="interval">{metric?.interval}</span>
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function metricOf({ metrics }: ModelSummary, name: string): MetricSummary | undefined {
  return metrics.find((metric) => metric.name === name);
}
