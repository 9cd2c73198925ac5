import type { VNode } from 'preact';
import { useId, useRef } from 'preact/hooks';
import type { SetSummary } from '../../src/viewer/answers.js';
import { type Differs, type Result, type View } from './address.js';
import { numberText, type PartProps, useKeys } from './parts.js';

const RESULTS: [Result, string][] = [
  ['all', 'found all labels'],
  ['some', 'found some labels'],
  ['none', 'found no label'],
  ['missed', 'missed a label'],
];

const DIFFERENCES: [Differs, string][] = [
  ['any', 'that differ'],
  ['labels', 'with other labels'],
  ['pixels', 'with other pixels'],
  ['missing', 'that are only here'],
];

/** The kinds of sets that there are several versions of. */
const VERSIONED: readonly SetSummary['kind'][] = ['dataset', 'release'];

/** What is asked of the images that are shown. */
export function Filters({ overview, set, versus, view, go, answers, shown }: PartProps): VNode {
  const search = useRef<HTMLInputElement>(null);
  useKeys((event) => {
    if (event.key !== '/') return;
    event.preventDefault();
    search.current?.focus();
    search.current?.select();
  });
  const change = (change: Partial<View>): void => {
    go({ ...view, ...change }, { replace: true });
  };
  const unit = set.kind === 'pool' ? 'patches' : 'images';
  const counts = [...new Set(answers.index.k)].sort((a, b) => a - b);
  const hasLabels = answers.index.labels.values.length > 0;
  const hasSources = answers.index.sourceNames.length > 0;
  const others = overview.sets.filter(
    ({ key, kind }) => key !== set.key && VERSIONED.includes(kind),
  );
  return (
    <form
      class="filters"
      role="search"
      aria-label="Filter the images"
      onSubmit={(event) => {
        event.preventDefault();
      }}
    >
      <label class="field">
        <span>Search</span>
        <input
          ref={search}
          type="search"
          value={view.text}
          placeholder={!hasLabels ? 'id' : hasSources ? 'id, class, source' : 'id or class'}
          onInput={({ currentTarget: { value } }) => {
            change({ text: value });
          }}
          onKeyDown={(event) => {
            if (event.key === 'Escape') event.currentTarget.blur();
          }}
        />
      </label>
      {counts.length > 1 && (
        <fieldset class="field">
          <legend>
            {set.kind === 'scores' || set.kind === 'images' ? 'Labels' : 'Objects'} (k)
          </legend>
          <div class="chips">
            {counts.map((k) => (
              <label key={k} class="chip">
                <input
                  type="checkbox"
                  checked={view.k.includes(k)}
                  onChange={({ currentTarget: { checked } }) => {
                    const rest = view.k.filter((other) => other !== k);
                    change({ k: checked ? [...rest, k].sort((a, b) => a - b) : rest });
                  }}
                />
                <span>{k}</span>
              </label>
            ))}
          </div>
        </fieldset>
      )}
      {hasLabels && (
        <ClassFields {...{ overview, view, change, answers }} isPool={set.kind === 'pool'} />
      )}
      {set.models.length > 0 && <ModelFields {...{ set, view, change }} />}
      {others.length > 0 && VERSIONED.includes(set.kind) && (
        <fieldset class="field">
          <legend>Side by side with</legend>
          <Choice
            label="Other version"
            value={view.versus}
            none="no other version"
            options={others.map(({ key, title }) => [key, title])}
            onChange={(key) => {
              change({ versus: key, differs: key === undefined ? undefined : view.differs });
            }}
          />
          {versus && (
            <Choice
              label="Difference"
              value={view.differs}
              none="all images"
              options={DIFFERENCES}
              onChange={(differs) => {
                change({ differs: differs as Differs | undefined });
              }}
            />
          )}
        </fieldset>
      )}
      <p class="count" role="status">
        {shown.length === answers.index.ids.length
          ? `${numberText(shown.length)} ${unit}`
          : `${numberText(shown.length)} of ${numberText(answers.index.ids.length)} ${unit}`}
        {answers.versus && answers.versus.onlySecond > 0 && (
          <>; {numberText(answers.versus.onlySecond)} more in the other version</>
        )}
      </p>
      {isFiltered(view) && (
        <button
          type="button"
          onClick={() => {
            change({
              k: [],
              classes: [],
              text: '',
              differs: undefined,
              models: view.models.map(({ key }) => ({ key })),
            });
          }}
        >
          Clear the filters
        </button>
      )}
    </form>
  );
}

function isFiltered({ k, classes, text, models, differs }: View): boolean {
  const hasResult = models.some(({ result }) => result !== undefined);
  return k.length > 0 || classes.length > 0 || text !== '' || hasResult || differs !== undefined;
}

type FieldsProps = Pick<PartProps, 'view'> & { change: (change: Partial<View>) => void };

function ClassFields({
  overview,
  view,
  change,
  answers,
  isPool,
}: FieldsProps & Pick<PartProps, 'overview' | 'answers'> & { isPool: boolean }): VNode {
  const list = useId();
  const present = [...new Set(answers.index.labels.values)].map(
    (label) => overview.classes[label]?.name ?? String(label),
  );
  const labelOf = (name: string): number | undefined => {
    const wanted = name.trim().toLowerCase();
    const found = overview.classes.findIndex(
      ({ name, wnid }) => name.toLowerCase() === wanted || wnid === wanted,
    );
    return found === -1 ? undefined : found;
  };
  const choose = (place: number, label: number | undefined): void => {
    const chosen = [view.classes[0], view.classes[1]];
    chosen[place] = label;
    const classes = chosen.filter((label) => label !== undefined);
    if (classes.join() !== view.classes.join()) change({ classes: [...new Set(classes)] });
  };
  return (
    <fieldset class="field">
      <legend>{isPool ? 'Class' : 'Class, or a pair'}</legend>
      {(isPool ? [0] : [0, 1]).map((place) => {
        const label = view.classes[place];
        return (
          <input
            key={`${place} ${label ?? ''}`}
            aria-label={place === 0 ? 'Class' : 'Second class'}
            list={list}
            placeholder={place === 0 ? 'any class' : 'and any other'}
            defaultValue={
              label === undefined ? '' : (overview.classes[label]?.name ?? String(label))
            }
            onInput={({ currentTarget: { value } }) => {
              const label = labelOf(value);
              if (label !== undefined || value === '') choose(place, label);
            }}
          />
        );
      })}
      <datalist id={list}>
        {present.sort().map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </fieldset>
  );
}

function ModelFields({ set, view, change }: FieldsProps & Pick<PartProps, 'set'>): VNode {
  const places = set.models.length > 1 && view.models.length > 0 ? [0, 1] : [0];
  const put = (place: number, model: View['models'][number] | undefined): void => {
    const models: (View['models'][number] | undefined)[] = [view.models[0], view.models[1]];
    models[place] = model;
    change({ models: models.filter((model) => model !== undefined) });
  };
  return (
    <fieldset class="field">
      <legend>Models</legend>
      {places.map((place) => {
        const model = view.models[place];
        const taken = view.models[1 - place]?.key;
        return (
          <div key={place} class="pair">
            <Choice
              label={place === 0 ? 'Model' : 'Second model'}
              value={model?.key}
              none={place === 0 ? 'no model' : 'and no other'}
              options={set.models.flatMap(({ key, name }) => (key === taken ? [] : [[key, name]]))}
              onChange={(key) => {
                put(place, key === undefined ? undefined : { ...model, key });
              }}
            />
            {model && (
              <Choice
                label={place === 0 ? 'Result' : "Second model's result"}
                value={model.result}
                none="any result"
                options={RESULTS}
                onChange={(result) => {
                  put(place, { ...model, result: result as Result | undefined });
                }}
              />
            )}
          </div>
        );
      })}
    </fieldset>
  );
}

function Choice({
  label,
  value,
  none,
  options,
  onChange,
}: {
  label: string;
  value: string | undefined;
  none: string;
  options: readonly (readonly [value: string, text: string])[];
  onChange: (value: string | undefined) => void;
}): VNode {
  return (
    <select
      aria-label={label}
      value={value ?? ''}
      onChange={({ currentTarget: { value } }) => {
        onChange(value === '' ? undefined : value);
      }}
    >
      <option value="">{none}</option>
      {options.map(([value, text]) => (
        <option key={value} value={value}>
          {text}
        </option>
      ))}
    </select>
  );
}
