import type { Provenance } from '../../src/report/report-tables.js';

/** Where the scores come from. */
export function ProvenanceSection({
  provenance,
  patchml,
}: {
  provenance: readonly Provenance[];
  patchml: string;
}) {
  return (
    <section id="provenance">
      <h2 tabIndex={-1}>Provenance</h2>
      <p>What the scores are of. This page was made by patchml {patchml}.</p>
      {provenance.map(({ model, set, facts }) => (
        <details key={`${model}/${set}`}>
          <summary>
            {model} on {set}
          </summary>
          <dl>
            {facts.map(({ name, value }) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ))}
          </dl>
        </details>
      ))}
    </section>
  );
}
