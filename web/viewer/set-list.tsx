import type { VNode } from 'preact';
import { useMemo } from 'preact/hooks';
import type {
  MetricSummary,
  ModelSummary,
  Overview,
  SetSummary,
} from '../../src/viewer/answers.js';
import { type SortedColumn, SortedTable } from '../shared/sorted-table.js';
import { EVERYTHING, type View } from './address.js';
import { type Go, numberText, ViewLink } from './parts.js';

const KINDS: Record<SetSummary['kind'], string> = {
  dataset: 'Dataset',
  release: 'Release',
  pool: 'Pool',
  images: 'Images with labels',
  scores: 'Scores without their images',
};

interface SetListProps {
  overview: Overview;
  view: View;
  go: Go;
}

/** Everything that is open. */
export function SetList({ overview, view, go }: SetListProps): VNode {
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
          {set.models.length > 0 && <ModelTable {...{ set, view, go }} />}
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

/** The metrics that fit a screen, in this order; the scorecards have them all. */
const SHOWN = [/^top1$/, /^real$/, /^variableTopK$/, /^exactMatch$/, /^asma$/, /^A_>?\d+$/];

/** The models on a set. Which table is sorted, and by what, is in the address. */
function ModelTable({ set, view, go }: { set: SetSummary; view: View; go: Go }): VNode {
  const columns = useMemo(() => columnsOf(set, go), [set]);
  const prefix = `${set.key}/`;
  return (
    <SortedTable
      caption={`Models on ${set.title}`}
      columns={columns}
      rows={set.models}
      sort={view.sort?.startsWith(prefix) ? view.sort.slice(prefix.length) : null}
      onSort={(sort) => {
        go({ ...view, sort: sort === null ? undefined : prefix + sort }, { replace: true });
      }}
    />
  );
}

function columnsOf({ key, models }: SetSummary, go: Go): SortedColumn<ModelSummary>[] {
  const metrics = new Map<string, string>();
  const all = models.flatMap((model) => model.metrics).filter(({ n }) => n > 0);
  for (const form of SHOWN) {
    for (const { name, label } of all) if (form.test(name)) metrics.set(name, label);
  }
  return [
    {
      id: 'model',
      label: 'Model',
      isText: true,
      value: ({ name }) => name,
      cell: (model) => (
        <ViewLink to={{ ...EVERYTHING, set: key, models: [{ key: model.key }] }} go={go}>
          {model.name}
        </ViewLink>
      ),
    },
    ...[...metrics].map(([name, label]) => ({
      id: name,
      label,
      value: (model: ModelSummary) => metricOf(model, name)?.value ?? null,
      cell: (model: ModelSummary) => {
        const metric = metricOf(model, name);
        return (
          <>
            {metric?.text ?? '-'} <span class="interval">{metric?.interval}</span>
          </>
        );
      },
    })),
  ];
}

function metricOf({ metrics }: ModelSummary, name: string): MetricSummary | undefined {
  return metrics.find((metric) => metric.name === name);
}
