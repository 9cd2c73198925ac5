import type { ReportData } from '../../src/report/report.js';
import { FigureCard } from './figure-card.js';

/** The page. */
export function Report({ data }: { data: ReportData }) {
  return (
    <main>
      <h1>{data.title}</h1>
      {data.figures.map((figure) => (
        <FigureCard key={figure.name} figure={figure} />
      ))}
    </main>
  );
}
