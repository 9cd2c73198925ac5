import { useCallback, useEffect } from 'preact/hooks';
import type { ReportData } from '../../src/report/report-data.js';
import { type Address, addressOf, useAddress } from './address.js';
import { Examples } from './examples.js';
import { SearchField } from './fields.js';
import { FigureCard } from './figure-card.js';
import { ProvenanceSection } from './provenance.js';
import { ScoreSection } from './score-section.js';

/** The page. */
export function Report({ data }: { data: ReportData }) {
  const [address, choose] = useAddress();
  const text = address.get('models') ?? '';
  const isShown = useCallback((name: string) => matches(name, text), [text]);
  const sections = [
    { id: 'scores', title: 'Scores' },
    ...data.figures.map(({ name, title }) => ({ id: name, title })),
    { id: 'examples', title: 'Examples' },
    { id: 'provenance', title: 'Provenance' },
  ];
  const at = address.get('at');
  useEffect(() => {
    const section = at === undefined ? null : document.getElementById(at);
    section?.scrollIntoView();
    section?.querySelector('h2')?.focus({ preventScroll: true });
  }, [at]);
  const count = data.models.filter(isShown).length;
  return (
    <>
      <a class="skip" href={addressOf(address, 'scores')}>
        Skip to the scores
      </a>
      <header>
        <h1>{data.title}</h1>
        <p>
          {data.models.length} {data.models.length === 1 ? 'model' : 'models'} on{' '}
          {data.tables.map(({ set }) => set).join(', ')}
        </p>
      </header>
      <div class="page">
        <Contents sections={sections} address={address} />
        <main>
          <div class="choices models">
            <SearchField
              name="Show models"
              text={text}
              hint="parts of names: resnet, vgg"
              onText={(value) => {
                choose('models', value);
              }}
            />
            <label class="check">
              <input
                type="checkbox"
                checked={address.get('metrics') === 'all'}
                onChange={(event) => {
                  choose('metrics', event.currentTarget.checked ? 'all' : null);
                }}
              />
              <span>All metrics</span>
            </label>
            <span role="status" class="count">
              {count} of {data.models.length} models shown
            </span>
          </div>
          <section id="scores">
            <h2 tabIndex={-1}>Scores</h2>
            {data.tables.map((table, at) => (
              <ScoreSection
                key={table.set}
                table={table}
                at={at}
                address={address}
                choose={choose}
                isShown={isShown}
              />
            ))}
          </section>
          {data.figures.map((figure) => (
            <FigureCard
              key={figure.name}
              figure={figure}
              address={address}
              choose={choose}
              isShown={isShown}
            />
          ))}
          <Examples
            examples={data.examples}
            absent={data.noExamples}
            address={address}
            choose={choose}
          />
          <ProvenanceSection provenance={data.provenance} patchml={data.patchml} />
        </main>
      </div>
    </>
  );
}

/** Whether a name has one of the parts, separated by commas. */
function matches(name: string, text: string): boolean {
  const parts = text
    .split(',')
    .map((part) => part.trim().toLowerCase())
    .filter((part) => part !== '');
  return parts.length === 0 || parts.some((part) => name.toLowerCase().includes(part));
}

function Contents({
  sections,
  address,
}: {
  sections: readonly { id: string; title: string }[];
  address: Address;
}) {
  return (
    <nav aria-label="Contents">
      <ul>
        {sections.map(({ id, title }) => (
          <li key={id}>
            <a href={addressOf(address, id)}>{title}</a>
          </li>
        ))}
      </ul>
    </nav>
  );
}
